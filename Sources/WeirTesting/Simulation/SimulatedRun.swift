import WeirCore
import WeirGraph
import WeirRuntime
import WeirState

/// One simulated run: a job with one seed and one plan of faults, from its beginning to its end,
/// through as many processes as that takes.
final class SimulatedRun {
    /// What a run came to.
    struct Outcome: Sendable {
        var met: [FaultKind: Int] = [:]
        var processes = 0
        var restarts = 0
        var checkpoints = 0
        var failedCheckpoints = 0
        var recordsInFlight = 0
        var commits = 0
        var repeatedCommits = 0
        var steps = 0
        /// A number that follows from every choice of the executor and every row.
        var trace: UInt64 = 0
    }

    private let job: SimulatedJob
    private let seed: UInt64
    private let reference: SimulationReference?
    private let mutation: EngineMutation?
    private let world: SimulatedEnvironment
    private let settings: SimulatedSettings
    private var disk = SimulatedDisk()
    private var executor: ManualExecutor?
    private var outcome = Outcome()
    private let savepoints = Locked<[String]>([])
    /// The savepoints of the process that were asked for and not answered.
    private let unanswered = Locked(0)
    private var restoring = RestorePoint.latestIfAny
    private let directory: String

    init(
        _ job: SimulatedJob, seed: UInt64, plan: FaultPlan, reference: SimulationReference?,
        mutation: EngineMutation? = nil, log: SimulatedLog? = nil
    ) {
        self.job = job
        self.seed = seed
        self.reference = reference
        self.mutation = mutation
        settings = SimulatedSettings(seed: seed)
        world = SimulatedEnvironment(seed: seed, plan: plan, log: log)
        directory = "/checkpoints"
        if let reference { world.expect(reference.stores) }
        planDiskFaults()
    }

    /// A run of the same job that goes on from a savepoint, in another world.
    private init(from savepoint: String, at epoch: Epoch, of other: SimulatedRun) {
        job = other.job
        seed = other.seed &+ 1
        reference = other.reference
        mutation = other.mutation
        settings = SimulatedSettings(seed: seed)
        world = other.world.forked(at: epoch)
        // Faults that the first run did not come to would be met again and again.
        disk = other.disk.withoutFaults()
        restoring = .path(savepoint)
        directory = "/after-savepoint"
    }

    private func planDiskFaults() {
        for fault in world.diskFaults {
            switch fault.kind {
            case .crashOnDisk: disk.plan(.crash, at: fault.place)
            case .diskFull:
                // A later fault within that stretch takes precedence.
                for place in fault.place...fault.place + fault.amount % 20 {
                    disk.plan(.full, at: place)
                }
            default: disk.plan(.failure, at: fault.place)
            }
        }
        disk.observeFaults { [world] fault in
            switch fault {
            case .crash:
                world.note(.crashOnDisk)
                world.die()
            case .full: world.note(.diskFull)
            case .failure: world.note(.diskFails)
            }
        }
    }

    /// Runs the job, restarting it after each death, until it has finished.
    ///
    /// - Throws: ``SimulationViolation``.
    func run() throws -> Outcome {
        while try !runProcess() {
            guard outcome.processes < 50 else {
                throw SimulationViolation("the job has not finished after 50 processes")
            }
        }
        try compareStores()
        try trySavepoints()
        outcome.met = world.met
        (outcome.commits, outcome.repeatedCommits) = world.commits
        for (_, store) in world.stores.sorted(by: { $0.key < $1.key }) { trace(store.trace) }
        return outcome
    }

    // MARK: - One process

    /// Runs the job in one process.
    ///
    /// - Returns: Whether it has finished.
    private func runProcess() throws -> Bool {
        outcome.processes += 1
        world.startProcess()
        let process = outcome.processes
        let seed = self.seed &* 0x9e37_79b9 &+ UInt64(process)
        let executor =
            self.executor.map { ManualExecutor(seed: seed, after: $0) }
            ?? ManualExecutor(seed: seed)
        self.executor = executor
        let execution = JobExecution(
            try plan(process), executor: executor, options: options(process))
        let result = SimulatedResult()
        world.log?.begin(
            process: process, on: executor,
            "parallelism \(settings.parallelism(process)), "
                + "a checkpoint each \(settings.interval.spelledOut)")
        executor.startTask {
            do { result.set(.success(try await execution.run())) } catch {
                result.set(.failure(error))
            }
        }
        let dying = try drive(execution, executor, result)
        trace(executor.schedule)
        note(execution.checkpointHistory)
        if let dying {
            try bury(execution, executor, result, dying)
            return false
        }
        try awaitAnswers(executor)
        return try conclude(execution, result)
    }

    private func plan(_ process: Int) throws -> PhysicalPlan {
        let builder = JobBuilder(name: job.name)
        job.define(builder, world)
        var graph = builder.graph
        if let mutation { graph = mutation.graph(graph) }
        graph = StreamContract.watching(graph) { [world] in world.violate($0) }
        return try Planner(
            parallelism: settings.parallelism(process), keyGroups: KeyGroups(count: 16),
            fusesKeyedEdges: settings.fusesKeyedEdges
        ).plan(graph)
    }

    private func options(_ process: Int) -> ExecutionOptions {
        let files = mutation?.disk(disk) ?? disk
        var options = settings.options(process)
        var checkpoints = CheckpointOptions(
            CheckpointDirectory(
                directory, fileSystem: files, retaining: settings.retained),
            interval: settings.interval)
        checkpoints.timeout = settings.timeout
        checkpoints.toleratedFailures = settings.toleratedFailures
        checkpoints.restoring = restoring
        checkpoints.unalignedAfter = settings.unalignedAfter(atMost: job.unalignedAfter)
        mutation?.checkpoints(&checkpoints)
        options.checkpoints = checkpoints
        return options
    }

    /// Runs the process until it ends or dies.
    ///
    /// - Returns: The fault that it died of; `nil` when it has ended by itself.
    private func drive(
        _ execution: JobExecution, _ executor: ManualExecutor, _ result: SimulatedResult
    ) throws -> Fault? {
        var steps = 0
        while result.value == nil {
            steps += 1
            let fault = world.next(.step)
            if let fault {
                if fault.kind == .crash {
                    world.note(.crash)
                    return fault
                }
                disturb(fault, execution, executor)
            }
            guard executor.step() else {
                throw SimulationViolation("nothing is ready and no timer is set: the job hangs")
            }
            world.log?.note(newsOf: execution)
            if world.hasDied { return Fault(.crash, at: 0, amount: Int(seed % 1_000) + steps) }
            if steps % 64 == 0 { try watch(execution, executor, steps) }
        }
        outcome.steps += steps
        return nil
    }

    private func disturb(
        _ fault: Fault, _ execution: JobExecution, _ executor: ManualExecutor
    ) {
        world.note(fault.kind)
        switch fault.kind {
        case .workerStalls:
            executor.stallQueue(fault.amount, for: .microseconds(fault.amount * 97))
        case .clockJumps:
            executor.setWallClock(by: .milliseconds((fault.amount - 500) * 40))
        case .stops: execution.requestStop()
        case .savepoint:
            let path = "/savepoints/\(fault.place)"
            let (process, world) = (world.process, self.world)
            unanswered.withLock { $0 += 1 }
            executor.startTask { [savepoints, unanswered] in
                // A job that fails or ends meanwhile has no savepoint.
                let answer = try? await execution.savepoint(to: path)
                unanswered.withLock { $0 -= 1 }
                guard answer != nil else { return }
                if world.process == process, !world.hasDied {
                    savepoints.withLock { $0.append(path) }
                }
            }
        default: break
        }
    }

    private func watch(
        _ execution: JobExecution, _ executor: ManualExecutor, _ steps: Int
    ) throws {
        if let violation = world.violation { throw SimulationViolation(violation) }
        guard steps < 400_000, executor.now < .seconds(300) else {
            throw SimulationViolation(
                "no end after \(steps) steps and \(executor.now) of virtual time")
        }
        if let queue = execution.observe(countsState: false)?.fullestQueue,
            queue.filled > queue.capacity
        {
            throw SimulationViolation(
                "a queue with room for \(queue.capacity) holds \(queue.filled)")
        }
    }

    /// Lets go of a process that has died: the world is closed to it, so that nothing that it still does
    /// has an effect, and its disk is what the death has left.
    private func bury(
        _ execution: JobExecution, _ executor: ManualExecutor, _ result: SimulatedResult,
        _ fault: Fault
    ) throws {
        world.log?.note("dies")
        world.die()
        disk.crash()
        disk = disk.afterCrash(
            [.everything, .nothing, .some(seed: UInt64(fault.amount))][min(2, fault.amount % 5)])
        execution.abort()
        var steps = 0
        while result.value == nil {
            steps += 1
            guard steps < 100_000, executor.step() else {
                throw SimulationViolation("the job does not end when it is aborted")
            }
        }
        try awaitAnswers(executor)
    }

    /// Those who wait for a savepoint must hear of it, whatever becomes of the job.
    private func awaitAnswers(_ executor: ManualExecutor) throws {
        var steps = 0
        while unanswered.withLock({ $0 }) > 0 {
            steps += 1
            guard steps < 10_000, executor.step() else {
                throw SimulationViolation("who asked for a savepoint is never answered")
            }
        }
    }

    // MARK: - After a process

    private func conclude(_ execution: JobExecution, _ result: SimulatedResult) throws -> Bool {
        if let violation = world.violation { throw SimulationViolation(violation) }
        switch result.value {
        case .success(let summary):
            guard summary.ledger.isBalanced else {
                throw SimulationViolation(
                    "the ledger is not balanced: \(summary.ledger.imbalances)")
            }
            world.log?.note("ends: \(summary.outcome)")
            if summary.outcome == .stopped { return false }
            try reference?.compare(summary, execution.observe(countsState: true)?.state ?? [:])
            return true
        case .failure(let error):
            world.log?.note("fails: \(error)")
            guard isSimulated("\(error)") else {
                throw SimulationViolation("the job fails: \(error)")
            }
            return false
        case nil: throw SimulationViolation("the job has not ended")
        }
    }

    /// Whether a job's failure is that of something that was made to fail.
    private func isSimulated(_ error: String) -> Bool {
        error.contains("simulated:") || error.contains("the disk is gone")
            || error.contains("no room is left") || error.contains("was not complete after")
            // A later process has the parallelism that records in flight need.
            || error.contains("a checkpoint with records in flight")
    }

    private func compareStores() throws {
        guard let reference else { return }
        let stores = world.stores
        for (name, expected) in reference.stores.sorted(by: { $0.key < $1.key }) {
            guard let store = stores[name] else {
                throw SimulationViolation("there is no sink '\(name)'")
            }
            if let difference = store.difference(from: expected) {
                throw SimulationViolation("sink '\(name)' is wrong: \(difference)")
            }
        }
    }

    /// Goes on from each savepoint in a world of its own, which must end as this one has.
    private func trySavepoints() throws {
        for path in savepoints.withLock({ $0 }) {
            let epoch = try SavedCheckpoint.open(path, fileSystem: disk).manifest.epoch
            world.log?.note("a copy of the job goes on from savepoint \(path)")
            let copy = SimulatedRun(from: path, at: epoch, of: self)
            do {
                while try !copy.runProcess() {
                    guard copy.outcome.processes < 50 else {
                        throw SimulationViolation("the copy has not finished after 50 processes")
                    }
                }
                try copy.compareStores()
            } catch let violation as SimulationViolation {
                throw SimulationViolation("going on from savepoint \(path): \(violation)")
            }
            trace(copy.outcome.trace)
        }
    }

    private func note(_ history: CheckpointHistory?) {
        guard let history else { return }
        outcome.restarts += history.restarts
        outcome.checkpoints += history.completed
        outcome.failedCheckpoints += history.failed
        outcome.recordsInFlight += history.latest.reduce(0) { $0 + $1.recordsInFlight }
    }

    private func trace(_ number: UInt64) {
        outcome.trace = (outcome.trace ^ number) &* 0x9e37_79b9_7f4a_7c15
        outcome.trace ^= outcome.trace >> 29
    }

    /// How far a run has come, by what the places of faults are counted in.
    var extent: [FaultKind.Domain: Int] {
        var extent = world.counts
        extent[.disk] = disk.operations
        return extent
    }
}

/// Where a run leaves what it came to.
final class SimulatedResult: Sendable {
    private let state = Locked<Result<JobSummary, any Error>?>(nil)

    var value: Result<JobSummary, any Error>? { state.withLock { $0 } }
    func set(_ result: Result<JobSummary, any Error>) { state.withLock { $0 = result } }
}

/// Something that must not be.
struct SimulationViolation: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
