import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// Plans the job that `define` describes.
func plan(
    parallelism: Int = 1, fusesKeyedEdges: Bool = true, _ define: (JobBuilder) -> Void
) throws -> PhysicalPlan {
    let job = JobBuilder(name: "test")
    define(job)
    return try Planner(parallelism: parallelism, fusesKeyedEdges: fusesKeyedEdges).plan(job.graph)
}

/// Settings that make batches small and queues short, so that little data meets many seams.
func tightOptions(batchSize: Int = 3, queueCapacity: Int = 2) -> ExecutionOptions {
    var options = ExecutionOptions()
    options.batchSize = batchSize
    options.queueCapacity = queueCapacity
    return options
}

/// Runs a plan on the deterministic executor.
func run(
    _ plan: PhysicalPlan, seed: UInt64, options: ExecutionOptions = tightOptions()
) throws -> JobSummary {
    let executor = ManualExecutor(seed: seed)
    let execution = JobExecution(plan, executor: executor, options: options)
    return try executor.run(maximumSteps: 2_000_000) { try await execution.run() }
}

/// Runs a plan that must fail on the deterministic executor; answers how.
func runFailing(
    _ plan: PhysicalPlan, seed: UInt64, options: ExecutionOptions = tightOptions()
) throws -> JobFailure? {
    do { _ = try run(plan, seed: seed, options: options) } catch let failure as JobFailure {
        return failure
    }
    return nil
}

/// A record of most tests: a key, a number and an event time.
struct Event: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    var key: Int
    var value: Int
    var at: Timestamp

    init(_ key: Int, _ value: Int, at microseconds: Int64) {
        self.key = key
        self.value = value
        at = Timestamp(microseconds: microseconds)
    }

    static func < (left: Event, right: Event) -> Bool {
        (left.at, left.key, left.value) < (right.at, right.key, right.value)
    }
    var description: String { "\(key):\(value)@\(at.microseconds)" }
}

extension Event: StateValue {
    static var stateShape: StateShape {
        .record(
            "Event",
            [
                .init("key", .signed(bits: 64)), .init("value", .signed(bits: 64)),
                .init("at", .timestamp),
            ])
    }
    func write(to output: inout StateWriter) {
        key.write(to: &output)
        value.write(to: &output)
        at.write(to: &output)
    }
    static func read(from input: inout StateReader) throws -> Event {
        let (key, value) = (try Int.read(from: &input), try Int.read(from: &input))
        return Event(key, value, at: try Timestamp.read(from: &input).microseconds)
    }
}
