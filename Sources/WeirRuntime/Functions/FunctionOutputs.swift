public import WeirCore
public import WeirGraph

/// The outputs of a user's function: the main one, and those beside it.
///
/// What the function emits is collected in a batch for each, and handed over by the step between
/// two records. An output that nothing reads counts what it is given.
public final class FunctionOutputs<Main: Sendable> {
    @usableFromInline let main: Step<Main>
    @usableFromInline let isMainRead: Bool
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let batchSize: Int
    @usableFromInline var rows: Batch<Main>
    @usableFromInline var answer = Progress.done
    @usableFromInline let sides: [SidePort]
    /// Whether a side output has a batch full.
    @usableFromInline var hasFullSide = false

    /// - Parameter steps: The step of each port, the main one first; `nil` where nothing reads it.
    @inlinable public init(
        _ context: SubtaskContext, _ steps: [AnyStep?], _ sideOutputs: [any SideOutputDeclaration]
    ) throws {
        main = try steps.step(0)
        isMainRead = !steps.isEmpty && steps[0] != nil
        counters = context.counters
        batchSize = context.batchSize
        rows = Batch(capacity: context.batchSize)
        sides = try sideOutputs.enumerated().map { index, side in
            let port = index + 1
            return try makeSidePort(
                side, steps.indices.contains(port) ? steps[port] : nil,
                sent: context.counters.sideOutputs.indices.contains(index)
                    ? context.counters.sideOutputs[index] : Counter(),
                context)
        }
    }

    /// Whether a batch is full, so that it should be handed over before the next record.
    @inlinable var isFull: Bool { rows.count >= batchSize || hasFullSide }

    /// Appends a record to the main output.
    @inlinable func emit(_ record: consuming Main, at time: Timestamp) {
        if isMainRead { rows.append(record, at: time) } else { counters.unread.add(1) }
    }

    /// Appends a record to a side output.
    @inlinable func emit<Side>(
        _ record: consuming Side, to side: SideOutput<Side>, at time: Timestamp
    )
        throws
    {
        for port in sides where port.elementType == Side.self && port.name == side.name {
            // Of the class that the element type says; checked a line above.
            if unsafeDowncast(port, to: TypedSidePort<Side>.self).append(record, at: time) {
                hasFullSide = true
            }
            return
        }
        throw UndeclaredSideOutput(name: side.name)
    }

    /// The split that the rows collected next come from.
    @inlinable func setSplit(_ split: Int32) {
        rows.split = split
        for port in sides { port.setSplit(split) }
    }

    /// Hands over what has been collected.
    @inlinable func handOver() throws -> Progress {
        if !rows.isEmpty {
            counters.emitted.add(rows.count)
            answer = try main.process(&rows)
        }
        if sides.isEmpty { return answer }
        hasFullSide = false
        for port in sides { try port.handOver() }
        return progress
    }

    /// Hands a mark to every output.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        answer = try main.signal(signal)
        for port in sides { try port.signal(signal) }
        return progress
    }

    /// Resumes whichever refused.
    @inlinable func resume() throws -> Progress {
        if answer != .done { answer = try main.resume() }
        for port in sides where port.answer != .done { try port.resume() }
        return progress
    }

    @inlinable var progress: Progress {
        var progress = answer
        for port in sides { progress = progress.joined(with: port.answer) }
        return progress
    }
}

/// A side output, its element type erased.
@usableFromInline
class SidePort {
    @usableFromInline let name: String
    @usableFromInline let elementType: any Sendable.Type
    @usableFromInline var answer = Progress.done

    @usableFromInline init(name: String, elementType: any Sendable.Type) {
        self.name = name
        self.elementType = elementType
    }

    @usableFromInline func setSplit(_ split: Int32) {}
    @usableFromInline func handOver() throws {}
    @usableFromInline func signal(_ signal: Signal) throws {}
    @usableFromInline func resume() throws {}
}

/// A side output: what has been collected for it, and the step that takes it.
@usableFromInline
final class TypedSidePort<Element: Sendable>: SidePort {
    @usableFromInline let step: Step<Element>?
    @usableFromInline let sent: Counter
    @usableFromInline let unread: Counter
    @usableFromInline let batchSize: Int
    @usableFromInline var rows = Batch<Element>()

    @usableFromInline init(
        name: String, step: Step<Element>?, sent: Counter, unread: Counter, batchSize: Int
    ) {
        self.step = step
        self.sent = sent
        self.unread = unread
        self.batchSize = batchSize
        super.init(name: name, elementType: Element.self)
    }

    /// Appends a record; answers whether the batch is full.
    @inlinable func append(_ record: consuming Element, at time: Timestamp) -> Bool {
        guard step != nil else {
            unread.add(1)
            return false
        }
        rows.append(record, at: time)
        return rows.count >= batchSize
    }

    @usableFromInline override func setSplit(_ split: Int32) { rows.split = split }

    @usableFromInline override func handOver() throws {
        guard !rows.isEmpty, let step else { return }
        sent.add(rows.count)
        answer = try step.process(&rows)
    }

    @usableFromInline override func signal(_ signal: Signal) throws {
        if let step { answer = try step.signal(signal) }
    }

    @usableFromInline override func resume() throws {
        if let step { answer = try step.resume() }
    }
}

@usableFromInline
func makeSidePort<Side: SideOutputDeclaration>(
    _ side: Side, _ step: AnyStep?, sent: Counter, _ context: SubtaskContext
) throws -> SidePort {
    TypedSidePort<Side.Element>(
        name: side.name, step: try step?.typed(), sent: sent, unread: context.counters.unread,
        batchSize: context.batchSize)
}
