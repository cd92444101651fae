import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@Suite struct `A job whose barriers overtake records` {
    private let disk = SimulatedDisk()

    private func options(
        unalignedAfter limit: Duration?, restoring: RestorePoint? = .latestIfAny,
        capacity: Int = 8
    ) -> ExecutionOptions {
        var options = tightOptions(batchSize: 4, queueCapacity: capacity)
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory("/state", fileSystem: disk), interval: .milliseconds(3))
        options.checkpoints?.unalignedAfter = limit
        options.checkpoints?.restoring = restoring
        options.restartStrategy = .never
        return options
    }

    private func source(_ count: Int = 300) -> CountedSource<Event> {
        CountedSource(splits: 3, records: count) { split, index in
            Event(index % 7, split * 1_000 + index, at: Int64(index * 10))
        }
    }

    /// Lets virtual time pass: the clock moves when it is read.
    private func wait(_ span: Duration, on executor: ManualExecutor) {
        let end = executor.nanoseconds() + UInt64(span.wholeMicroseconds) * 1_000
        while executor.nanoseconds() < end {}
    }

    /// Runs a job whose sink takes five milliseconds a batch, and whose checkpoints may take thirty.
    private func runSlowly(
        unalignedAfter limit: Duration?
    ) throws -> (history: CheckpointHistory, rows: [Event]) {
        let executor = ManualExecutor(seed: 11)
        let sink = EpochSink<Event>(onStep: { step in
            if step == "write" { wait(.milliseconds(5), on: executor) }
        })
        let plan = try plan(parallelism: 2) { job in
            job.source(source(), onBadRecord: .fail, as: "events")
                .keyed(by: \.key)
                .process(initialState: 0, emitting: Event.self, as: "running") {
                    event, state, context in
                    state += 1
                    context.emit(event)
                }
                .sink(to: sink, as: "out")
        }
        var options = options(unalignedAfter: limit, restoring: nil, capacity: 16)
        options.checkpoints?.interval = .milliseconds(20)
        options.checkpoints?.timeout = .milliseconds(30)
        let execution = JobExecution(plan, executor: executor, options: options)
        _ = try executor.run { try await execution.run() }
        return (try #require(execution.checkpointHistory), sink.records)
    }

    @Test func `has checkpoints where its sink has nearly stopped`() throws {
        let aligned = try runSlowly(unalignedAfter: nil)
        let unaligned = try runSlowly(unalignedAfter: .milliseconds(2))
        #expect(aligned.rows.sorted() == source().all.sorted())
        #expect(unaligned.rows.sorted() == source().all.sorted())
        // The last one, of the streams' end, waits for everything.
        #expect(aligned.history.completed == 1 && aligned.history.failed > 10)
        let overtaken = unaligned.history.latest.filter { $0.failure == nil && $0.isUnaligned }
        #expect(overtaken.count >= 5)
        #expect(overtaken.contains { $0.recordsInFlight > 50 && $0.bytesInFlight > 100 })
        #expect(aligned.history.latest.allSatisfy { !$0.isUnaligned && $0.recordsInFlight == 0 })
    }

    /// Slow sums by key, whose source dies after so many reads.
    private func sums(
        into sink: EpochSink<Event>, parallelism: Int, fuel limit: Int?, isFused: Bool = true,
        on executor: ManualExecutor
    ) throws -> PhysicalPlan {
        var source = self.source(700)
        let fuel = SharedCount()
        source.onRead = { _, _ in
            if let limit, fuel.add(1) > limit { throw TestError("out of fuel") }
        }
        let scripted = source
        return try plan(parallelism: parallelism, fusesKeyedEdges: isFused) { job in
            job.source(scripted, onBadRecord: .fail, as: "events")
                .rebalanced()
                .map { $0 }
                .keyed(by: \.key)
                .process(initialState: 0, emitting: Event.self, as: "sums") {
                    event, sum, context in
                    _ = executor.nanoseconds()
                    sum += event.value
                    context.emit(Event(event.key, sum, at: event.at.microseconds))
                }
                .sink(to: sink, as: "out")
        }
    }

    /// The last sum of each key: what all its records come to, in whatever order.
    private func greatest(_ rows: [Event]) -> [Int: Int] {
        Dictionary(rows.map { ($0.key, $0.value) }, uniquingKeysWith: max)
    }

    @Test(arguments: 1...40) func `goes on with them after a crash`(seed: UInt64) throws {
        let sink = EpochSink<Event>(mode: seed % 2 == 0 ? .inline : .blocking)
        let parallelism = Int(seed % 3) + 1
        var recordsInFlight = 0
        for attempt in 0..<3 {
            let isLast = attempt == 2
            // The last attempt of a single subtask has no queue where the others had one.
            let executor = ManualExecutor(seed: seed * 7 + UInt64(attempt))
            let plan = try sums(
                into: sink, parallelism: parallelism, fuel: [300, 150, nil][attempt],
                isFused: isLast,
                on: executor)
            // Records in flight are found also by a run that makes none.
            let limit: Duration? = isLast ? nil : .zero
            let execution = JobExecution(
                plan, executor: executor, options: options(unalignedAfter: limit))
            do {
                let summary = try executor.run { try await execution.run() }
                #expect(isLast && summary.ledger.isBalanced)
            } catch let failure as JobFailure {
                guard !isLast, "\(failure)".contains("out of fuel") else { throw failure }
            }
            recordsInFlight +=
                execution.checkpointHistory?.latest.reduce(0) { $0 + $1.recordsInFlight } ?? 0
        }
        let expected = Dictionary(grouping: source(700).all, by: \.key)
            .mapValues { $0.reduce(0) { $0 + $1.value } }
        #expect(greatest(sink.records) == expected)
        #expect(sink.records.count == source(700).all.count)
        #expect(recordsInFlight > 0)
    }

    @Test func `changes its parallelism from an aligned checkpoint only`() throws {
        let sink = EpochSink<Event>()
        func start(parallelism: Int, seed: UInt64) throws -> (JobExecution, ManualExecutor) {
            let executor = ManualExecutor(seed: seed)
            let plan = try sums(into: sink, parallelism: parallelism, fuel: nil, on: executor)
            return (
                JobExecution(plan, executor: executor, options: options(unalignedAfter: .zero)),
                executor
            )
        }
        let (first, executor) = try start(parallelism: 2, seed: 5)
        executor.schedule(after: .milliseconds(80)) { first.abort() }
        #expect(throws: JobFailure.self) { try executor.run { try await first.run() } }
        #expect(first.checkpointHistory?.latest.last?.isUnaligned == true)

        let latest = try CheckpointDirectory("/state", fileSystem: disk).latest().checkpoint
        let saved = try #require(latest)
        for parallelism in [2, 3] {
            let plan = try sums(into: sink, parallelism: parallelism, fuel: nil, on: executor)
            let compared = UpgradeComparison(
                from: saved, to: plan, layouts: try StateLayouts(of: plan.graph))
            #expect(compared.dropped == [] && compared.refused.isEmpty == (parallelism == 2))
        }
        let (refused, another) = try start(parallelism: 3, seed: 6)
        let failure = #expect(throws: JobFailure.self) {
            try another.run { try await refused.run() }
        }
        let text = "\(try #require(failure))"
        #expect(text.contains("the state 'in flight from "))
        #expect(text.contains("here 2, not 3: restore at that and take a savepoint"))

        let (stopped, second) = try start(parallelism: 2, seed: 7)
        second.schedule(after: .milliseconds(20)) { stopped.requestStop() }
        #expect(try second.run { try await stopped.run() }.outcome == .stopped)
        #expect(stopped.checkpointHistory?.latest.last?.isUnaligned == false)
        let (last, third) = try start(parallelism: 3, seed: 8)
        #expect(try third.run { try await last.run() }.outcome == .finished)
        #expect(sink.records.count == source(700).all.count)
    }

    @Test func `says which records cannot be saved`() throws {
        struct Opaque: Sendable { var number: Int }
        let plan = try plan(parallelism: 2) { job in
            job.source(source(), onBadRecord: .fail, as: "events")
                .map { Opaque(number: $0.value) }
                .rebalanced()
                .map { $0.number }
                .sink(to: EpochSink<Int>(), as: "out")
        }
        let failure = try runFailing(
            plan, seed: 1, options: options(unalignedAfter: .milliseconds(1)))
        let text = "\(try #require(failure))"
        #expect(text.contains("state 'in flight from map"))
        #expect(text.contains("Opaque cannot be kept in a checkpoint: conform it to Codable"))
        // Aligned barriers need no codec for what lies in queues.
        #expect(try runFailing(plan, seed: 1, options: options(unalignedAfter: nil)) == nil)
    }

    @Test(arguments: 1...10) func `takes savepoints that have none`(seed: UInt64) throws {
        let sink = EpochSink<Event>()
        let executor = ManualExecutor(seed: seed)
        let plan = try sums(into: sink, parallelism: 2, fuel: nil, on: executor)
        let execution = JobExecution(
            plan, executor: executor, options: options(unalignedAfter: .zero))
        executor.schedule(after: .milliseconds(3)) {
            executor.startTask { _ = try? await execution.savepoint(to: "/kept") }
        }
        _ = try executor.run { try await execution.run() }
        let kept = try SavedCheckpoint.open("/kept", fileSystem: disk).manifest
        let names = kept.operators.flatMap(\.parts).map(\.name)
        #expect(!names.isEmpty && !names.contains { $0.hasPrefix("in flight") })
        #expect(execution.checkpointHistory?.latest.contains { $0.recordsInFlight > 0 } == true)
    }
}
