import WeirCore
import WeirGraph

/// Everything that a run consists of, once its plan has been instantiated.
struct JobParts {
    /// Must all finish before the job has.
    var tasklets: [Tasklet] = []
    /// Read splits; whether they have finished does not matter, since a read may block for ever.
    var pumps: [Tasklet] = []
    /// What each tasklet does for checkpoints; empty in a job that takes none.
    var checkpoints: [ChainCheckpoints] = []
    /// What each tasklet does about memory, where its operators keep anything.
    var memories: [ChainMemory] = []
    /// The subtasks of each operator.
    var contexts: [OperatorID: [SubtaskContext]] = [:]
    /// What sources do with bad records, where that can be taken up again.
    var badRecords: [OperatorID: any RecoverableBadRecords] = [:]
    /// The tasklets of the chain that each operator belongs to.
    var taskletsOf: [OperatorID: [Tasklet]] = [:]
    /// The merged watermarks at the head of the chain that each operator belongs to.
    var marksOf: [OperatorID: [SplitWatermarks]] = [:]
    /// The records in flight that were restored, by operator and input; one count for each subtask.
    var inFlight: [OperatorID: [Int: [QueuedRecordCounts]]] = [:]
    /// The queues of each connection, in the order of the plan.
    var queues: [[any AnyQueue]] = []

    /// What the sources had read when the job was restored.
    var recordsRestored = 0
    /// The records that had crossed each connection when the job was restored, or were in flight on it;
    /// in the order of the plan.
    var restoredCrossings: [Int] = []
    /// By operator, what it had received when the job was restored less what the edges that it has now
    /// had delivered: the records of edges that are gone, or, below zero, those that came past a new
    /// edge before there was one.
    private var otherwiseReceived: [OperatorID: Int] = [:]

    /// Closes what operators have opened, for a job that will not run: its tasklets never will.
    func discard() {
        for tasklet in pumps + tasklets { tasklet.discard() }
        // Some of the chains may not have got as far as their tasklets.
        for context in contexts.values.joined() { context.cleanups.run() }
    }

    /// Takes the counts that were restored for what has crossed the connections before.
    ///
    /// - Parameter hasChanged: Whether the job is not the one that saved them, or had not aligned its
    ///   barriers: what operators had received need not be what their edges had delivered.
    mutating func restoreEdges(_ plan: PhysicalPlan, hasChanged: Bool) {
        restoredCrossings = plan.connections.map { connection in
            sent(by: connection.from, plan.graph) * copies(on: connection)
        }
        guard hasChanged else { return }
        for node in plan.graph.operators where !node.inputs.isEmpty {
            var delivered = 0
            for (index, edge) in node.inputs.enumerated() {
                delivered +=
                    sent(by: edge.from, plan.graph) * copies(ofInput: index, of: node, plan)
                    - inFlight(index, of: node.id).restored
            }
            let rest = counts(of: node.id).received - delivered
            if rest != 0 { otherwiseReceived[node.id] = rest }
        }
    }

    /// The records in flight on an input when the job was restored, and those of them that have been
    /// taken since.
    private func inFlight(_ input: Int, of id: OperatorID) -> (restored: Int, taken: Int) {
        (inFlight[id]?[input] ?? []).reduce((0, 0)) {
            ($0.0 + $1.restored.current, $0.1 + $1.replayed.current)
        }
    }

    /// How often a record that an operator's input is sent arrives.
    private func copies(ofInput index: Int, of node: OperatorNode, _ plan: PhysicalPlan) -> Int {
        let edge = node.inputs[index]
        let connection = plan.connections.first {
            $0.to == node.id && $0.from == edge.from && $0.port == edge.port
        }
        return connection.map { copies(on: $0) } ?? 1
    }

    /// Each consumer of a broadcast gets a copy, and each copy counts.
    private func copies(on connection: Connection) -> Int {
        switch connection.partitioning {
        case .broadcast: connection.consumers
        case .forward, .keyed, .rebalance: 1
        }
    }

    func metrics(of node: OperatorNode, at time: UInt64, since start: UInt64) -> OperatorMetrics {
        let counts = counts(of: node.id)
        let elapsed = max(1, Double(time) - Double(start))
        let tasklets = taskletsOf[node.id] ?? []
        let share = { (total: Int) -> Double in
            min(1, Double(total) / elapsed / Double(max(1, tasklets.count)))
        }
        let marks = (marksOf[node.id] ?? []).filter { $0.count > 0 }.map(\.lowest).min()
        return OperatorMetrics(
            id: node.id, kind: node.kind, counts: counts,
            watermark: marks.flatMap { $0 == .earliest ? nil : $0 },
            busyFraction: share(tasklets.reduce(0) { $0 + $1.busyNanoseconds.current }),
            blockedFraction: share(tasklets.reduce(0) { $0 + $1.blockedNanoseconds(at: time) }),
            stateBytes: stateBytes(of: node.id, \.measuredBytes),
            peakStateBytes: stateBytes(of: node.id, \.peakBytes))
    }

    private func stateBytes(of id: OperatorID, _ bytes: KeyPath<OperatorState, Int>) -> Int {
        (contexts[id] ?? []).reduce(0) { $0 + $1.kept[keyPath: bytes] }
    }

    /// The most that the state of each operator has taken, by name.
    func peakStateBytes(_ plan: PhysicalPlan) -> [String: Int] {
        var peaks: [String: Int] = [:]
        for node in plan.graph.operators {
            let bytes = stateBytes(of: node.id, \.peakBytes)
            if bytes > 0 { peaks[node.id.name] = bytes }
        }
        return peaks
    }

    /// What the state of the operators takes, the largest first.
    func memoryOfOperators(_ plan: PhysicalPlan) -> [MemoryUse.OperatorUse] {
        plan.graph.operators
            .map { .init(name: $0.id.name, bytes: stateBytes(of: $0.id, \.measuredBytes)) }
            .filter { $0.bytes > 0 }
            .sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
    }

    func counts(of id: OperatorID) -> LedgerCounts {
        var counts = LedgerCounts()
        for context in contexts[id] ?? [] { counts.add(context.counters) }
        return counts
    }

    /// The records that an output port has handed over.
    private func sent(by output: OutputReference, _ graph: LogicalGraph) -> Int {
        let above = counts(of: output.operatorID)
        guard output.port > 0 else { return above.emitted }
        guard graph[output.operatorID]?.sideOutputs.isEmpty == false else { return above.late }
        return (contexts[output.operatorID] ?? []).reduce(0) { sum, context in
            let counters = context.counters.sideOutputs
            return sum
                + (output.port <= counters.count ? counters[output.port - 1].current : 0)
        }
    }

    func ledger(_ plan: PhysicalPlan) -> Ledger {
        let operators = plan.graph.operators.map { node in
            Ledger.OperatorEntry(
                name: node.id.name, kind: node.kind.rawValue, counts: counts(of: node.id))
        }
        var connection = 0
        let edges = plan.graph.operators.flatMap { node in
            node.inputs.enumerated().map { index, edge -> Ledger.EdgeEntry in
                let sent = sent(by: edge.from, plan.graph)
                // Counted once, on the first edge.
                let other = index == 0 ? otherwiseReceived[node.id] ?? 0 : 0
                let inFlight = inFlight(index, of: node.id)
                let replaying = inFlight.restored - inFlight.taken
                let isQueue =
                    connection < plan.connections.count
                    && plan.connections[connection].to == node.id
                    && plan.connections[connection].from == edge.from
                    && plan.connections[connection].port == edge.port
                guard isQueue else {
                    return Ledger.EdgeEntry(
                        from: edge.from.operatorID.name, port: edge.from.port, to: node.id.name,
                        sent: sent + other, received: counts(of: node.id).received,
                        held: replaying)
                }
                let queues = self.queues[connection]
                let copies = copies(on: plan.connections[connection])
                let earlier =
                    restoredCrossings.indices.contains(connection)
                    ? restoredCrossings[connection] : 0
                connection += 1
                let popped = queues.reduce(0) { $0 + $1.popped.current }
                let pushed = queues.reduce(0) { $0 + $1.pushed.current }
                return Ledger.EdgeEntry(
                    from: edge.from.operatorID.name, port: edge.from.port, to: node.id.name,
                    sent: sent * copies + other,
                    received: earlier - replaying + popped + other,
                    held: pushed - popped + replaying)
            }
        }
        return Ledger(operators: operators, edges: edges)
    }
}
