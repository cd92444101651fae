import ArgumentParser
import Foundation
import Weir
import WeirNexmark

/// How long after its event was due a result is there, at a rate that the job can keep up.
struct LatencyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measures how long results of Nexmark queries take, at a fixed rate of events.",
        discussion: """
            Each event has a time at which it is due, whatever the job does: one that waits because \
            the job is behind counts from then on. (A loop that sends when it can would leave out \
            the very events that wait.) The latency of a row is from when the last event that it \
            needed was due until the sink is given the row: in \
            \(Self.names(of: .record)) that is its own event, in \(Self.names(of: .watermark)) the one \
            that brings the watermark to the window's end. Rows due in the first fifth are left out.

            Without --rate, the highest rate is searched for that the job keeps up with for ten \
            seconds, with its checkpoints, and --load of that is measured at.

            Beside the latencies it says what the machine did meanwhile, so that a stall of the machine can be \
            told from one of the engine: how late a thread woke that sleeps a millisecond at a time; how long \
            the job's threads were ready to run and had no core, and how often one lost its core to another \
            thread, as the kernel counts them; and what the host took from a virtual machine's cores. With \
            --lags the times in brackets can be looked up.
            """)

    @Option(help: "The query: \(LatencyQuery.all.map(\.name).joined(separator: ", ")).")
    var query: String

    @Option(help: "Events a second. Default: a share of what the job keeps up with.")
    var rate: Double?

    @Option(help: "The share of the sustainable rate that is measured at.")
    var load = 0.8

    @Option(help: "How long is measured.")
    var seconds = 30.0

    @Option(help: "The number of workers.")
    var parallelism = 1

    @Option(help: "Milliseconds from one checkpoint to the next; 0: none.")
    var checkpointInterval = 1_000

    @Option(
        help: """
            Write to this file how far behind the source was: lines of two numbers, the milliseconds \
            from the start to when an event was due, and from then until it was made.
            """)
    var lags: String?

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        if let rate, !(rate >= 1) { throw ValidationError("--rate must be at least 1") }
        if !(load > 0 && load <= 1) {
            throw ValidationError("--load must be above 0 and at most 1")
        }
        if !(seconds >= 1 && seconds <= 86_400) {
            throw ValidationError("--seconds must be between 1 and 86400")
        }
        if parallelism < 1 || checkpointInterval < 0 {
            throw ValidationError(
                "--parallelism must be at least 1, and --checkpoint-interval at least 0")
        }
        _ = try chosen
    }

    private static func names(of trigger: LatencyQuery.Trigger) -> String {
        LatencyQuery.all.filter { $0.trigger == trigger }.map(\.name).joined(separator: ", ")
    }

    private var chosen: LatencyQuery {
        get throws {
            guard let found = LatencyQuery.all.first(where: { $0.name == query.lowercased() })
            else { throw BenchmarkError.unknown(query, known: LatencyQuery.all.map(\.name)) }
            return found
        }
    }

    func run() async throws {
        let driver = LatencyDriver(
            query: try chosen, parallelism: parallelism, checkpointInterval: checkpointInterval)
        var sustainable: Double?
        if rate == nil {
            sustainable = try await driver.sustainableRate { note in
                FileHandle.standardError.write(Data((note + "\n").utf8))
            }
        }
        let measured = try await driver.measure(
            rate: rate ?? (sustainable ?? 0) * load, seconds: seconds)
        if let lags { try measured.writeLags(to: lags) }
        let report = LatencyReport(
            query: query.lowercased(), parallelism: parallelism,
            checkpointMilliseconds: checkpointInterval, sustainableRate: sustainable,
            measured: measured, machine: .current())
        if json { try printJSON(report) } else { print(report.text) }
    }
}

/// A query whose rows' latency is known.
struct LatencyQuery: Sendable {
    /// What a row waits for.
    enum Trigger: Sendable {
        /// The event of its own time.
        case record
        /// The watermark at its time, which is four seconds behind the events.
        case watermark
    }

    let name: String
    let trigger: Trigger

    static let all =
        ["q0", "q1", "q2", "q22"].map { LatencyQuery(name: $0, trigger: .record) }
        + ["q5", "q7", "q8"].map { LatencyQuery(name: $0, trigger: .watermark) }
}
