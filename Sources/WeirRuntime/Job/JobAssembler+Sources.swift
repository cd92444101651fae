import WeirCore
import WeirGraph

/// Instantiates the sources of a plan: the readers of their splits, and the chains that these feed.
extension JobAssembler {
    mutating func assembleSource(
        _ node: OperatorNode, _ source: SourceBody, _ chain: Chain, _ subtask: Int,
        _ tasklet: Tasklet
    ) throws {
        guard let context = parts.contexts[node.id]?[subtask] else { return }
        let handler = try badRecordHandler(node, source)
        let output = try makeOutput(node, 0, subtask)
        let ownSplits = own(splits[node.id] ?? [], subtask, of: context.parallelism)
        let positions = SplitPositions(ownSplits, marks: context.splits)
        context.kept.keep("splits", positions)
        if let recoverable = handler as? any RecoverableBadRecords {
            context.kept.keep("badRecords", badRecordsCell(recoverable, context.counters))
            parts.badRecords[node.id] = recoverable
        }
        try restoreState(of: chain, subtask)
        let missing = positions.missing(from: splits[node.id] ?? [])
        if !missing.isEmpty {
            throw RestoreError.missingSplits(source: node.id.name, missing)
        }
        try assembleSource(
            of: node.outputTypes[0], source,
            SourcePlace(
                context: context, badRecords: handler, tasklet: tasklet, output: output,
                splits: ownSplits, positions: positions,
                checkpoints: makeCheckpoints(chain, subtask, tasklet),
                memory: makeMemory(chain, subtask, tasklet),
                alignment: alignment(of: node.id), clock: clocks[node.id]?[subtask]))
    }

    /// The handler that all subtasks of a source share.
    private mutating func badRecordHandler(
        _ node: OperatorNode, _ source: SourceBody
    ) throws -> any BadRecordHandler {
        if let made = badRecords[node.id] { return made }
        let made = try makeBadRecordHandler(
            policy: source.badRecords, operatorName: node.id.name)
        badRecords[node.id] = made
        return made
    }

    private mutating func alignment(of id: OperatorID) -> AlignmentGroup {
        let group = alignments[id] ?? AlignmentGroup()
        alignments[id] = group
        return group
    }

    /// Where one subtask of a source reads, and what it feeds.
    private struct SourcePlace {
        let context: SubtaskContext
        let badRecords: any BadRecordHandler
        let tasklet: Tasklet
        let output: AnyStep?
        let splits: [SourceSplit]
        let positions: SplitPositions
        let checkpoints: ChainCheckpoints?
        let memory: ChainMemory?
        let alignment: AlignmentGroup
        let clock: ChainClock?
    }

    private mutating func assembleSource<Element: Sendable>(
        of type: Element.Type, _ source: SourceBody, _ place: SourcePlace
    ) throws {
        let inputs = place.splits.map { split -> any SplitInput<Element> in
            let split = place.positions.resumed(split)
            let context = place.context
            let badRecords = SplitBadRecords(place.badRecords)
            let readerContext = ReaderContext(badRecords: badRecords, isStopping: isStopping)
            let open = {
                try context.attributing {
                    attributed(try openSplit(of: type, source, split, readerContext), context)
                }
            }
            switch source.readMode {
            case .inline:
                return InlineSplit<Element>(
                    limit: options.batchSize, executor: executor, tasklet: place.tasklet,
                    badRecords: badRecords, open: open)
            case .blocking: return pump(split, place.tasklet, badRecords, open: open)
            }
        }
        let body = SourceChainBody<Element>(
            splits: inputs, marks: place.context.splits,
            step: try [place.output].step(0), context: place.context, executor: executor,
            alignment: place.alignment, tasklet: place.tasklet, clock: place.clock,
            checkpoints: place.checkpoints, memory: place.memory, positions: place.positions,
            openLimit: source.readMode == .blocking ? options.openSplitsPerSubtask : .max,
            isStopping: isStopping)
        start(place.tasklet, turn: body.turn, abandons: abandons, close: body.close)
    }

    private mutating func pump<Element: Sendable>(
        _ split: SourceSplit, _ consumer: Tasklet, _ badRecords: SplitBadRecords,
        open: @escaping () throws -> SplitReading<Element>
    ) -> any SplitInput<Element> {
        let tasklet = Tasklet(
            name: "read \(split.id)", worker: executor.makeLane(split.id), executor: executor)
        let queue = BoundedQueue<Element>(capacity: 4, from: tasklet, to: consumer)
        let progress = PumpedProgress()
        let body = PumpBody<Element>(
            limit: options.batchSize, executor: executor, tasklet: tasklet, isStopping: isStopping,
            progress: progress, badRecords: badRecords, queue: { queue }, open: open)
        tasklet.prepare(
            turn: body.turn, close: body.close, onFailure: onFailure, onFinish: {})
        parts.pumps.append(tasklet)
        return PumpedSplit(queue: queue, progress: progress, pump: tasklet)
    }
}

/// The part of state that the handler of a source's bad records keeps; their counts are the ledger's.
///
/// Each subtask saves it: what it has read up to its barrier must last by then.
private func badRecordsCell(
    _ handler: any RecoverableBadRecords, _ counters: OperatorCounters
) -> StateCell {
    StateCell(
        layout: {
            StateLayout(
                arrangement: "cell", distribution: .subtask, value: .opaque("bad records"))
        },
        save: { writer in writer.write(try handler.save()) },
        load: { saved, _ in
            for part in saved {
                try handler.restore(
                    try part.readCell { try $0.readBytes() },
                    count: counters.deadLettered.current)
            }
        })
}

/// The reading of a split whose errors name the source's operator and subtask.
private func attributed<Element>(
    _ reading: SplitReading<Element>, _ context: SubtaskContext
) -> SplitReading<Element> {
    SplitReading(
        read: { batch, limit in
            try context.attributing { try reading.read(&batch, limit) }
        },
        position: reading.position)
}
