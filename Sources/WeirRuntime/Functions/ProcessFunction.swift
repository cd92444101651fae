public import WeirCore
public import WeirGraph

/// A function of each record of a stream, without state, with as many outputs as it likes: what splits
/// a stream, or needs resources of its own.
public protocol ProcessFunction<Input, Output>: Sendable {
    /// The records of the stream.
    associatedtype Input: Sendable
    /// The records of the main output.
    associatedtype Output: Sendable

    /// The outputs beside the main one; none unless defined otherwise.
    var sideOutputs: [any SideOutputDeclaration] { get }
    /// Called once for each subtask, before its first record and off the workers, so it may block.
    /// Does nothing unless defined otherwise.
    mutating func open(_ context: FunctionContext) throws
    /// Treats a record.
    ///
    /// - Throws: What stops the job; the error names the record.
    func process(_ record: Input, context: ProcessContext<Output>) throws
    /// Called once for each ``open(_:)`` that succeeded, also when the job fails or is aborted. Does
    /// nothing unless defined otherwise.
    mutating func close() throws
}

extension ProcessFunction {
    @inlinable public var sideOutputs: [any SideOutputDeclaration] { [] }
    @inlinable public mutating func open(_ context: FunctionContext) throws {}
    @inlinable public mutating func close() throws {}
}

/// What a function without keys may know and do while it treats a record.
///
/// Valid during the call that it is passed to; keep no copy of it.
public struct ProcessContext<Output: Sendable> {
    /// The event time of the record, and of what is emitted unless said otherwise.
    public let time: Timestamp
    /// The watermark: no record with an event time at or before it is expected any more.
    public let watermark: Timestamp
    @usableFromInline let clock: any ProcessingClock
    @usableFromInline let outputs: FunctionOutputs<Output>

    @inlinable init(
        time: Timestamp, watermark: Timestamp, clock: any ProcessingClock,
        outputs: FunctionOutputs<Output>
    ) {
        self.time = time
        self.watermark = watermark
        self.clock = clock
        self.outputs = outputs
    }

    /// The processing time now. Costs tens of nanoseconds.
    @inlinable public var processingTime: Timestamp { clock.now() }

    /// Emits a record to the main output.
    ///
    /// - Parameter time: The record's event time; `nil`: ``time``.
    @inlinable public func emit(_ record: consuming Output, at time: Timestamp? = nil) {
        outputs.emit(record, at: time ?? self.time)
    }

    /// Emits a record to a side output.
    ///
    /// - Parameter time: The record's event time; `nil`: ``time``.
    /// - Throws: ``UndeclaredSideOutput`` when the function does not list it.
    @inlinable public func emit<Side: Sendable>(
        _ record: consuming Side, to side: SideOutput<Side>, at time: Timestamp? = nil
    ) throws {
        try outputs.emit(record, to: side, at: time ?? self.time)
    }
}

/// Makes the step of a function without state.
///
/// - Parameter outputs: The step of each output port, the main one first; `nil` where nothing reads it.
@inlinable
public func processStep<Function: ProcessFunction>(
    _ context: SubtaskContext, into outputs: [AnyStep?], _ function: Function
) throws -> Step<Function.Input> {
    let instance = try FunctionInstance(
        function, context, open: { try $0.open($1) }, close: { try $0.close() })
    let opened = instance.function
    let port = ProcessPort<Function.Input, Function.Output>(
        context, try FunctionOutputs(context, outputs, function.sideOutputs),
        body: { try opened.process($0, context: $1) }, onEnd: { try instance.close() })
    return Step(
        process: { try port.process(&$0) }, signal: { try port.signal($0) },
        resume: { try port.resume() })
}

/// The batch that a function without state is in the middle of.
@usableFromInline
final class ProcessPort<Input: Sendable, Output: Sendable> {
    @usableFromInline let context: SubtaskContext
    @usableFromInline let outputs: FunctionOutputs<Output>
    @usableFromInline let body: (Input, ProcessContext<Output>) throws -> Void
    @usableFromInline let onEnd: () throws -> Void
    @usableFromInline var watermark = Timestamp.earliest
    @usableFromInline var input = Batch<Input>()
    @usableFromInline var row = 0

    @inlinable init(
        _ context: SubtaskContext, _ outputs: FunctionOutputs<Output>,
        body: @escaping (Input, ProcessContext<Output>) throws -> Void,
        onEnd: @escaping () throws -> Void
    ) {
        self.context = context
        self.outputs = outputs
        self.body = body
        self.onEnd = onEnd
        context.keepTime("watermark", of: self, \.watermark)
    }

    @inlinable func process(_ batch: inout Batch<Input>) throws -> Progress {
        context.counters.received.add(batch.count)
        context.counters.held.add(batch.count)
        swap(&input, &batch)
        outputs.setSplit(input.split)
        return try run()
    }

    @inlinable func run() throws -> Progress {
        while row < input.count {
            let first = row
            defer {
                context.counters.held.add(first &- row)
                context.counters.passed.add(row &- first)
            }
            try context.attributing { try treatRows() }
            guard outputs.isFull else { continue }
            let progress = try outputs.handOver()
            if progress != .done { return progress }
            outputs.setSplit(input.split)
        }
        input.removeAll()
        row = 0
        return try outputs.handOver()
    }

    @inlinable func treatRows() throws {
        while row < input.count, !outputs.isFull {
            let place = ProcessContext(
                time: input.time(at: row), watermark: watermark, clock: context.clock,
                outputs: outputs)
            do { try body(input[row], place) } catch {
                throw RecordError(record: input[row], cause: error)
            }
            row &+= 1
        }
    }

    @inlinable func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .watermark(let time): watermark = max(watermark, time)
        case .end: try context.attributing(onEnd)
        case .idle, .flush, .tick, .barrier: break
        }
        return try outputs.signal(signal)
    }

    @inlinable func resume() throws -> Progress {
        let progress = try outputs.resume()
        guard progress == .done, !input.isEmpty else { return progress }
        outputs.setSplit(input.split)
        return try run()
    }
}
