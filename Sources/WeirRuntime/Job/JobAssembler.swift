import WeirCore
import WeirGraph

/// Instantiates a plan: tasklets, the queues between them, and the steps of each chain.
struct JobAssembler {
    let plan: PhysicalPlan
    let executor: any Executor
    let options: ExecutionOptions
    /// What each operator's `prepare` has read.
    let prepared: [OperatorID: any Sendable]
    /// What each source's `splits` has found.
    let splits: [OperatorID: [SourceSplit]]
    let isStopping: @Sendable () -> Bool
    let onFailure: @Sendable (any Error) -> Void
    let onFinish: @Sendable () -> Void

    var parts = JobParts()
    var abandons: [() -> Void] = []
    var clocks: [OperatorID: [ChainClock]] = [:]
    private var sinks: [any SinkEpochs] = []
    /// What the job's tables share where they spill.
    private let memory: StateMemory?
    private let checkpoints: CheckpointCoordinator?
    private let restored: RestoredState?
    /// The handler that all subtasks of a source share.
    var badRecords: [OperatorID: any BadRecordHandler] = [:]
    /// The sources whose splits are kept level.
    var alignments: [OperatorID: AlignmentGroup] = [:]

    init(
        plan: PhysicalPlan, executor: any Executor, options: ExecutionOptions,
        prepared: [OperatorID: any Sendable], splits: [OperatorID: [SourceSplit]],
        checkpoints: CheckpointCoordinator? = nil, restored: RestoredState? = nil,
        isStopping: @escaping @Sendable () -> Bool,
        onFailure: @escaping @Sendable (any Error) -> Void, onFinish: @escaping @Sendable () -> Void
    ) {
        self.plan = plan
        self.executor = executor
        self.options = options
        self.prepared = prepared
        self.splits = splits
        self.checkpoints = checkpoints
        self.restored = restored
        self.isStopping = isStopping
        self.onFailure = onFailure
        self.onFinish = onFinish
        memory =
            switch options.stateBackend {
            case .memory: nil
            case .spilling(_, let bytes): StateMemory(limit: bytes)
            }
    }

    /// Puts everything together; nothing runs until the tasklets are woken.
    mutating func assemble() throws -> JobParts {
        makeTasklets()
        makeContexts()
        makeQueues()
        do {
            for chain in plan.chains {
                for subtask in 0..<chain.subtasks { try assemble(chain, subtask) }
            }
        } catch {
            parts.discard()
            throw error
        }
        return parts
    }

    private mutating func makeContexts() {
        for chain in plan.chains {
            let sourceSplits = splits[chain.head]
            let marks = (0..<chain.subtasks).map { subtask in
                SplitWatermarks(
                    count: sourceSplits.map { own($0, subtask, of: chain.subtasks).count }
                        ?? max(1, inputQueueCount(chain, subtask)))
            }
            let keepingSplits = sourceSplits == nil ? [] : operatorsKeepingSplits(chain)
            for id in chain.operators {
                parts.marksOf[id] = marks
                parts.contexts[id] = (0..<chain.subtasks).map { subtask in
                    SubtaskContext(
                        job: plan.graph.job, operatorName: id.name, subtask: subtask,
                        parallelism: chain.subtasks, batchSize: options.batchSize,
                        counters: OperatorCounters(
                            sideOutputs: plan.graph[id]?.sideOutputs.count ?? 0),
                        splits: keepingSplits.contains(id)
                            ? marks[subtask] : SplitWatermarks(count: 1),
                        clock: clocks[chain.head]?[subtask] ?? StoppedClock(),
                        kept: OperatorState(
                            backend: options.stateBackend, memory: memory,
                            wake: { [weak tasklet = parts.taskletsOf[id]?[subtask]] in
                                tasklet?.wake()
                            }),
                        isCheckpointed: checkpoints != nil)
                }
            }
        }
    }

    /// The operators of a source's chain whose records still belong to its splits: not those below
    /// a window or a join, whose results come from all of them.
    private func operatorsKeepingSplits(_ chain: Chain) -> Set<OperatorID> {
        var found: Set<OperatorID> = [chain.head]
        for id in chain.operators.dropFirst() {
            guard let above = plan.graph[id]?.inputs.first?.from.operatorID,
                found.contains(above), plan.graph[above]?.kind.keepsState == false
            else { continue }
            found.insert(id)
        }
        return found
    }

    /// The queues that feed a subtask of a chain.
    private func inputQueueCount(_ chain: Chain, _ subtask: Int) -> Int {
        plan.connections.filter { $0.to == chain.head }.reduce(0) { count, connection in
            count
                + (0..<connection.producers).count {
                    connection.targets(of: $0).contains(subtask)
                }
        }
    }

    /// The splits that a subtask reads: every n-th.
    func own<Element>(_ all: [Element], _ subtask: Int, of subtasks: Int) -> [Element] {
        stride(from: subtask, to: all.count, by: subtasks).map { all[$0] }
    }

    private mutating func makeTasklets() {
        let workers = (0..<plan.parallelism).map { executor.makeWorker($0) }
        for chain in plan.chains {
            let tasklets = (0..<chain.subtasks).map { subtask in
                let name = "\(chain.head)[\(subtask)]"
                let worker =
                    chain.placement == .lanes ? executor.makeLane(name) : workers[subtask]
                let tasklet = Tasklet(name: name, worker: worker, executor: executor)
                tasklet.hold()
                return tasklet
            }
            for id in chain.operators { parts.taskletsOf[id] = tasklets }
            clocks[chain.head] = tasklets.map { ChainClock(executor: executor, tasklet: $0) }
            parts.tasklets += tasklets
        }
    }

    private mutating func makeQueues() {
        let capacity = options.queueCapacity(parallelism: plan.parallelism)
        let reserve = options.checkpoints?.unalignedAfter == nil ? 0 : max(4, capacity)
        for connection in plan.connections {
            guard let above = plan.graph[connection.from.operatorID] else { continue }
            let type = above.outputTypes[connection.from.port]
            let producers = parts.taskletsOf[connection.from.operatorID] ?? []
            let consumers = parts.taskletsOf[connection.to] ?? []
            parts.queues.append(
                (0..<connection.producers).flatMap { producer in
                    connection.targets(of: producer).map { consumer in
                        makeQueue(
                            of: type, capacity: capacity, reserve: reserve,
                            from: producers[producer], to: consumers[consumer])
                    }
                })
        }
    }

    // MARK: - Chains

    private mutating func assemble(_ chain: Chain, _ subtask: Int) throws {
        guard let head = plan.graph[chain.head],
            let tasklet = parts.taskletsOf[chain.head]?[subtask]
        else { return }
        abandons = []
        sinks = []
        if case .source(let source) = head.body {
            try assembleSource(head, source, chain, subtask, tasklet)
            return
        }
        let steps = try makeSteps(head, subtask)
        let alignment = BarrierAlignment(
            holdsBack: options.checkpoints?.mode != .atLeastOnce)
        let ports = try steps.enumerated().map { index, step in
            try port(index, of: head, subtask, step, alignment)
        }
        try restoreState(of: chain, subtask)
        let body = ChainBody(
            ports: ports, executor: executor, clock: clocks[chain.head]?[subtask],
            alignment: alignment, checkpoints: makeCheckpoints(chain, subtask, tasklet),
            memory: makeMemory(chain, subtask, tasklet))
        start(tasklet, turn: body.turn, abandons: abandons)
    }

    /// What the chain does for checkpoints; `nil` in a job that takes none.
    mutating func makeCheckpoints(
        _ chain: Chain, _ subtask: Int, _ tasklet: Tasklet
    ) -> ChainCheckpoints? {
        guard let checkpoints else { return nil }
        let made = ChainCheckpoints(
            number: chain.id, subtask: subtask, members: members(of: chain, subtask),
            isSource: splits[chain.head] != nil, sinks: sinks, outputs: outputs(of: chain, subtask),
            coordinator: checkpoints, tasklet: tasklet, executor: executor)
        parts.checkpoints.append(made)
        return made
    }

    /// What the chain does about memory; `nil` where its operators keep nothing.
    mutating func makeMemory(
        _ chain: Chain, _ subtask: Int, _ tasklet: Tasklet
    ) -> ChainMemory? {
        let made = ChainMemory(
            members(of: chain, subtask).map(\.context), tasklet: tasklet)
        if let made { parts.memories.append(made) }
        return made
    }

    /// The queues that a subtask of a chain feeds.
    private func outputs(of chain: Chain, _ subtask: Int) -> [any AnyQueue] {
        plan.connections.enumerated().flatMap { index, connection in
            chain.operators.contains(connection.from.operatorID)
                ? outputs(index, connection, subtask) : []
        }
    }

    private func members(of chain: Chain, _ subtask: Int) -> [ChainCheckpoints.Member] {
        chain.operators.compactMap { id in
            parts.contexts[id].map { ChainCheckpoints.Member(id: id, context: $0[subtask]) }
        }
    }

    /// Fills the parts of state of a chain's operators from what is being restored.
    func restoreState(of chain: Chain, _ subtask: Int) throws {
        guard let restored else { return }
        for member in members(of: chain, subtask) {
            try member.context.attributing {
                try restored.fill(member.id, member.context, plan.keyGroups)
            }
        }
    }

    func start(
        _ tasklet: Tasklet, turn: @escaping () throws -> Tasklet.Turn,
        abandons: [() -> Void], close: @escaping () -> Void = {}
    ) {
        tasklet.prepare(
            turn: turn,
            close: {
                close()
                for abandon in abandons { abandon() }
            }, onFailure: onFailure, onFinish: onFinish)
    }

    private mutating func port(
        _ port: Int, of head: OperatorNode, _ subtask: Int, _ step: AnyStep,
        _ alignment: BarrierAlignment
    ) throws -> ChainBody.Port {
        var inputs: [PortInput] = []
        var type: (any Sendable.Type)?
        for (position, edge) in head.inputs.enumerated() where edge.port == port {
            guard let index = connectionIndex(position, head) else { continue }
            type = plan.graph[edge.from.operatorID]?.outputTypes[edge.from.port]
            inputs.append(
                PortInput(
                    queues: self.inputs(index, plan.connections[index], subtask),
                    inFlight: inFlight(position, of: head, subtask, isFused: false)))
        }
        guard let type else {
            throw StepTypeError(
                expected: "an input for port \(port) of '\(head.id)'", found: "none")
        }
        // A chain with one port shows the gate's watermarks as its own; ports of a join merge later.
        let shared = parts.marksOf[head.id]?[subtask]
        let count = inputs.reduce(0) { $0 + $1.queues.count }
        let marks =
            shared.flatMap { $0.count == count ? $0 : nil } ?? SplitWatermarks(count: count)
        return try makePort(
            of: type, inputs: inputs, step: step, marks: marks, alignment: alignment,
            mayOvertake: options.checkpoints?.unalignedAfter != nil,
            defect: options.checkpoints?.defect)
    }

    /// The part of state that the records in flight on an operator's input are: where barriers may
    /// overtake some, or where a restore has found some. Every subtask must have had the same of a
    /// broadcast, so those are not overtaken.
    private mutating func inFlight(
        _ position: Int, of node: OperatorNode, _ subtask: Int, isFused: Bool
    ) -> (any AnyQueuedRecords)? {
        let edge = node.inputs[position]
        if case .broadcast = edge.partitioning { return nil }
        guard let context = parts.contexts[node.id]?[subtask],
            let type = plan.graph[edge.from.operatorID]?.outputTypes[edge.from.port]
        else { return nil }
        let name = QueuedRecordsName.all(of: node)[position]
        let isRestored = restored?.has(name, of: node.id) == true
        let isOvertaken = !isFused && options.checkpoints?.unalignedAfter != nil
        guard isRestored || isOvertaken else { return nil }
        let made = makeQueuedRecords(of: type, batchSize: options.batchSize)
        context.kept.keep(name, made)
        parts.inFlight[node.id, default: [:]][position, default: []].append(made.counts)
        return made
    }

    /// The queues of a connection that lead to one consumer.
    private func inputs(_ index: Int, _ connection: Connection, _ subtask: Int) -> [any AnyQueue] {
        var found: [any AnyQueue] = []
        var position = 0
        for producer in 0..<connection.producers {
            for consumer in connection.targets(of: producer) {
                if consumer == subtask { found.append(parts.queues[index][position]) }
                position += 1
            }
        }
        return found
    }

    /// The queues of a connection that one producer feeds.
    private func outputs(_ index: Int, _ connection: Connection, _ subtask: Int) -> [any AnyQueue] {
        let width = connection.targets(of: subtask).count
        return Array(parts.queues[index][subtask * width..<(subtask + 1) * width])
    }

    // MARK: - Steps

    /// The steps of an operator's ports, with all that is fused below it.
    private mutating func makeSteps(_ node: OperatorNode, _ subtask: Int) throws -> [AnyStep] {
        guard let context = parts.contexts[node.id]?[subtask] else { return [] }
        abandons.append { context.cleanups.run() }
        switch node.body {
        case .source: return []
        case .sink(let sink):
            guard let edge = node.inputs.first, let above = plan.graph[edge.from.operatorID] else {
                return []
            }
            let made = makeSinkStep(of: above.outputTypes[edge.from.port], sink, context)
            abandons.append(made.abandon)
            if checkpoints != nil { sinks.append(made.epochs) }
            context.kept.keep("transactions", made.epochs)
            return [made.step]
        case .transform(let transform):
            var outputs: [AnyStep?] = []
            for port in node.outputTypes.indices {
                outputs.append(try makeOutput(node, port, subtask))
            }
            return try transform.makeSteps(context, outputs, prepared[node.id])
        }
    }

    /// What an output port leads to: fused operators, queues, or several of them; `nil`: nothing.
    mutating func makeOutput(
        _ node: OperatorNode, _ port: Int, _ subtask: Int
    ) throws -> AnyStep? {
        let type = node.outputTypes[port]
        var branches: [AnyStep] = []
        for below in plan.graph.operators {
            for (position, edge) in below.inputs.enumerated()
            where edge.from.operatorID == node.id && edge.from.port == port {
                if let index = connectionIndex(position, below) {
                    branches.append(try makeQueueOutput(index, type, subtask))
                } else {
                    branches += try makeFusedSteps(below, position, of: type, subtask)
                }
            }
        }
        if branches.isEmpty { return nil }
        return branches.count == 1 ? branches[0] : try makeFanOut(of: type, to: branches)
    }

    /// The steps of an operator that is fused with the one above. Where it was not when the checkpoint
    /// was taken that is restored, there may be records in flight for it.
    private mutating func makeFusedSteps(
        _ node: OperatorNode, _ position: Int, of type: any Sendable.Type, _ subtask: Int
    ) throws -> [AnyStep] {
        let steps = try makeSteps(node, subtask)
        guard let inFlight = inFlight(position, of: node, subtask, isFused: true) else {
            return steps
        }
        return try steps.map { try makeReplay(of: type, inFlight, into: $0) }
    }

    /// The connection that an operator's input became; `nil` where the two are fused.
    ///
    /// A stream can lead to one port several times, as in `stream.union(stream)`: the edges that
    /// look alike and their connections are in the same order.
    private func connectionIndex(_ position: Int, _ below: OperatorNode) -> Int? {
        func isAlike(_ other: GraphEdge, _ edge: GraphEdge) -> Bool {
            other.from == edge.from && other.port == edge.port
        }
        let edge = below.inputs[position]
        let earlier = below.inputs[..<position].count { isAlike($0, edge) }
        let connections = plan.connections.indices.filter {
            let connection = plan.connections[$0]
            return connection.to == below.id && connection.from == edge.from
                && connection.port == edge.port
        }
        return earlier < connections.count ? connections[earlier] : nil
    }

    private func makeQueueOutput(
        _ index: Int, _ type: any Sendable.Type, _ subtask: Int
    ) throws -> AnyStep {
        let connection = plan.connections[index]
        let targets = try outputs(index, connection, subtask).map {
            try makeQueueStep(of: type, to: $0)
        }
        switch connection.partitioning {
        case .forward: return targets[0]
        case .rebalance: return try makeRebalance(of: type, to: targets)
        case .broadcast: return try makeFanOut(of: type, to: targets)
        case .keyed(let partitioner):
            let rows = options.exchangeBatchSize(parallelism: targets.count)
            return try partitioner.makeStep(targets, plan.keyGroups, rows)
        }
    }
}
