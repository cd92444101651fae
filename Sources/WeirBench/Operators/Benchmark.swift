import Weir

/// One line of the table: a job, and what it is compared with.
struct Benchmark: Sendable {
    /// Its name on the command line and in the table.
    let name: String
    /// The number of workers.
    var parallelism = 1
    /// Whether keyed edges that need no exchange are fused.
    var fusesKeyedEdges = true
    /// The number of splits that the generator is cut into.
    var splits = 1
    /// How many of the records asked for this one takes, where records cost more.
    var share = 1.0
    /// Defines the job, ending in a ``CheckSink`` on the tally.
    let define: @Sendable (_ job: JobBuilder, _ records: Int, _ splits: Int, _ tally: Tally) -> Void
    /// Computes the same by hand, on one thread.
    let loop: @Sendable (_ records: Int) -> Outcome

    /// Runs the job once.
    func runEngine(records: Int) async throws -> Outcome {
        let job = JobBuilder(name: "benchmark")
        let tally = Tally()
        define(job, records, splits, tally)
        let planner = Planner(parallelism: parallelism, fusesKeyedEdges: fusesKeyedEdges)
        let summary = try await JobExecution(try planner.plan(job.graph)).run()
        guard summary.recordsRead == records else {
            throw BenchmarkError.incompleteRun(name, read: summary.recordsRead, of: records)
        }
        return tally.total
    }
}

/// A benchmark whose figures would mean nothing.
enum BenchmarkError: Error, CustomStringConvertible {
    case incompleteRun(String, read: Int, of: Int)
    case unequalResults([String])
    case unknown(String, known: [String])
    /// Something this program was built without.
    case unavailable(String)
    case notRestored(String, restores: Int, of: Int)
    /// A job ended while it was waited for.
    case endedEarly(String)

    var description: String {
        switch self {
        case .incompleteRun(let name, let read, let all):
            "benchmark '\(name)': the engine read \(read) records of \(all); its time says nothing"
        case .unequalResults(let names):
            "engine and loop gave different results in: \(names.joined(separator: ", "))"
        case .unknown(let name, let known):
            "there is no benchmark '\(name)'; choose among: \(known.joined(separator: ", "))"
        case .unavailable(let reason): reason
        case .notRestored(let name, let restores, let all):
            "query '\(name)': \(restores) restores of \(all), since no checkpoint was complete when it "
                + "was aborted: slow it down with --rate, or lower --checkpoint-interval"
        case .endedEarly(let reason): "a job has ended before it could be measured: \(reason)"
        }
    }
}
