/// What a step answers: whether it is ready for more.
public enum Progress: Sendable {
    /// All that was handed over has been dealt with.
    case done
    /// The output is full. The step keeps what is left; nothing else may be handed to it until
    /// its `resume` has answered ``done``.
    case suspended
    /// There is more to do, but a turn has lasted long enough: call `resume` again, after others had
    /// theirs. To callers within a chain it means the same as ``suspended``.
    case yielded

    /// The answer for two branches of which each gave its own: whatever can go on comes first.
    @inlinable public func joined(with other: Progress) -> Progress {
        if self == .yielded || other == .yielded { return .yielded }
        return self == .suspended || other == .suspended ? .suspended : .done
    }
}

/// A mark in the stream, between the records that came before it and those after it.
public enum Signal: Equatable, Sendable {
    /// No record with an event time at or before this is still to come.
    case watermark(Timestamp)
    /// This input has nothing to say for the time being and must not hold up the others; any
    /// record or watermark ends that.
    case idle
    /// The tasklet has run out of input: hand on what is held back only for the sake of fuller
    /// batches. Not a mark in the stream, so it never crosses a queue.
    case flush
    /// Processing time has come that a step of this chain asked for through its
    /// ``ProcessingClock``. Not a mark in the stream either: each step hands it on down its chain, and
    /// acts on it if it has something due; it never crosses a queue.
    case tick(Timestamp)
    /// What came before belongs to this epoch, what follows to the next. All that is held back only
    /// for the sake of fuller batches has been flushed before, and the state of the whole chain has
    /// been saved, so that a step has nothing to do but hand it on.
    case barrier(Epoch)
    /// The input has ended; nothing follows.
    case end
}

/// An operator's compiled body: what a chain calls with each batch and each mark in the stream.
///
/// Three closures rather than a protocol: a generic type's method called through a witness or class
/// table runs unspecialised, while a closure formed in an `@inlinable` function, where the types
/// are known, does not.
///
/// The contract, which `WeirTesting` checks:
/// - `process` empties the batch, by consuming its rows or by swapping the batch away.
/// - `processShared` does the same for a batch that it leaves as it is.
/// - Whatever answers ``Progress/suspended`` has taken over what it was given, and is called next
///   through `resume`, again and again until that answers ``Progress/done``.
/// - A signal is handed on only after all that precedes it; ``Signal/end`` comes once, last.
/// - All calls come from one worker; a step is never shared.
public struct Step<Element> {
    /// Takes a batch of records.
    public let process: (inout Batch<Element>) throws -> Progress
    /// Takes the records of a batch that other steps are still to see: what this step keeps or hands on of
    /// them, it copies. `nil` for a step that would copy them all, or nearly all.
    public let processShared: ((borrowing Batch<Element>) throws -> Progress)?
    /// How many records the step has handed on, or kept, so far; `nil` where what it is shown of a shared batch
    /// costs it no copies. Of several steps that read the same batches, the one that would copy most is given
    /// them instead.
    public let copied: (() -> Int)?
    /// Takes a mark in the stream.
    public let signal: (Signal) throws -> Progress
    /// Goes on with what was suspended.
    public let resume: () throws -> Progress

    /// Makes a step of its functions, which must keep the contract above.
    @inlinable public init(
        process: @escaping (inout Batch<Element>) throws -> Progress,
        processShared: ((borrowing Batch<Element>) throws -> Progress)? = nil,
        copied: (() -> Int)? = nil,
        signal: @escaping (Signal) throws -> Progress,
        resume: @escaping () throws -> Progress
    ) {
        self.process = process
        self.processShared = processShared
        self.copied = copied
        self.signal = signal
        self.resume = resume
    }
}

/// A ``Step`` whose element type has been erased, as the physical plan hands it around.
///
/// The cast back happens once for each step, when a chain is put together.
public struct AnyStep {
    private let step: Any
    /// The name of the element type.
    public let elementType: String

    /// Erases the element type of `step`, and keeps its name.
    public init<Element>(_ step: Step<Element>) {
        self.step = step
        elementType = String(describing: Element.self)
    }

    /// The step, for elements of the given type.
    ///
    /// - Throws: ``StepTypeError`` when it was made for another type, which is a bug of the planner.
    public func typed<Element>(_ type: Element.Type = Element.self) throws -> Step<Element> {
        guard let typed = step as? Step<Element> else {
            throw StepTypeError(expected: String(describing: type), found: elementType)
        }
        return typed
    }
}

/// Two steps were joined whose element types differ.
public struct StepTypeError: Error, CustomStringConvertible {
    /// The element type that was asked for.
    public let expected: String
    /// The element type that was there.
    public let found: String

    /// Says which type was expected and which was found.
    public init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }

    public var description: String {
        "internal: a step for \(found) was joined to an edge of \(expected); please report this plan"
    }
}
