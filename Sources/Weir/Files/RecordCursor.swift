public import WeirCore
import WeirRuntime

/// The records of one split, with what becomes of those that are bad.
///
/// What is good and came before a fault is handed over before the fault: while a batch holds
/// records, an error waits for the next call.
@usableFromInline struct RecordCursor {
    @usableFromInline var splitter: RecordSplitter
    private let path: String
    private let context: ReaderContext
    private var failure: (any Error)?
    /// The number of the line before the first that the splitter counts; `nil` until it is needed
    /// in a byte range, whose start would have to be counted up to.
    private var linesBefore: Int?
    /// The lines of the split before the first that the splitter counts.
    private let linesSkipped: Int64
    private let start: Int64
    /// The bad record that could not be handed over, and so is still to come.
    private var unhandled: (offset: Int64, lines: Int)?

    /// - Parameter split: What is read; the splitter stands at its position, if it has one.
    init(_ splitter: RecordSplitter, path: String, split: SourceSplit, context: ReaderContext) {
        self.splitter = splitter
        self.path = path
        self.context = context
        start = split.start
        linesSkipped = split.position?.records ?? 0
        linesBefore = split.start == 0 ? Int(linesSkipped) : nil
    }

    /// Where a reader goes on that is opened anew: behind the records handed out; `nil` for a pipe.
    ///
    /// Without `details` it stands for the start of the split.
    var position: SplitPosition? {
        if splitter.isLive { return nil }
        guard splitter.hasBegun else { return unbegun }
        let (offset, lines) = unhandled ?? (splitter.resumeOffset, splitter.linesPassed)
        return SplitPosition(
            offset: offset, records: linesSkipped + Int64(lines),
            details: ContentFingerprint.of(splitter.tail(before: offset)))
    }

    /// The position of a reader that has not begun.
    var unbegun: SplitPosition? { splitter.isLive ? nil : SplitPosition(offset: start) }

    /// Whether the record is an empty line, or only blanks.
    @usableFromInline var isBlank: Bool {
        splitter.record.allSatisfy {
            splitter.window.bytes[$0] == 32 || splitter.window.bytes[$0] == 9
        }
    }

    /// What the caller is to do next.
    @usableFromInline enum Outcome {
        /// Take the record.
        case record
        /// Hand over what it has, and ask again.
        case pause
        /// Hand over what it has; nothing follows.
        case end
    }

    /// Finds the next record.
    ///
    /// - Parameter mayWait: Whether the caller has nothing yet: only then may this wait or throw.
    @usableFromInline mutating func next(mayWait: Bool) throws -> Outcome {
        do {
            if let failure { throw failure }
            switch try splitter.next(mayWait: mayWait) {
            case .record: return .record
            case .end: return .end
            case .starved: return .pause
            case .bad(let reason):
                try handOver(reason)
                return .pause
            }
        } catch is StoppedWaiting {
            return .end
        } catch {
            failure = error
            if mayWait { throw error }
            return .pause
        }
    }

    /// Hands the record over as a bad one.
    ///
    /// - Parameter mayThrow: Whether the caller has nothing yet; if not, an error waits.
    @usableFromInline @inline(never) mutating func reject(
        _ error: FieldError, mayThrow: Bool
    ) throws {
        do {
            try handOver(error.reason)
        } catch {
            failure = error
            if mayThrow { throw error }
        }
    }

    private mutating func handOver(_ reason: String) throws {
        // Until it has been dealt with, it is not behind us.
        unhandled = (splitter.recordOffset, splitter.recordLine - 1)
        try context.badRecords.handle(
            BadRecord(
                origin: path, line: try lineNumber(), offset: splitter.recordOffset,
                reason: reason, bytes: Array(splitter.window.bytes[splitter.record])))
        unhandled = nil
    }

    private mutating func lineNumber() throws -> Int {
        if let linesBefore { return linesBefore + splitter.recordLine }
        let before =
            try FileSet.lines(in: path, before: splitter.recordOffset) + 1 - splitter.recordLine
        linesBefore = before
        return before + splitter.recordLine
    }
}
