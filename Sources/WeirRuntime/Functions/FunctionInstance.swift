import Synchronization
public import WeirCore

/// A subtask's copy of a user's function, opened, and closed once whatever happens.
@usableFromInline
final class FunctionInstance<Function: Sendable>: @unchecked Sendable {
    // Unchecked: opened while the job is put together, then used by the subtask's worker alone.
    @usableFromInline var function: Function
    private let closing: (inout Function) throws -> Void
    private let isClosed = Atomic<Bool>(false)

    /// Opens the function, and has it closed should the job fail.
    @usableFromInline init(
        _ function: Function, _ context: SubtaskContext,
        open: (inout Function, FunctionContext) throws -> Void,
        close: @escaping (inout Function) throws -> Void
    ) throws {
        var opened = function
        try context.attributing { try open(&opened, FunctionContext(context)) }
        self.function = opened
        closing = close
        // What closing throws then is of no use: the job has failed of something else.
        context.cleanups.add { [self] in try? self.close() }
    }

    /// Closes the function, the first time that this is called.
    @usableFromInline func close() throws {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        try closing(&function)
    }
}
