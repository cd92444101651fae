import ArgumentParser
import Foundation
import WeirNexmark

/// Runs the Nexmark queries as plain loops.
struct HandCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hand",
        abstract: "Runs queries of the Nexmark benchmark as plain loops on one thread.",
        discussion: """
            The loops are what the machine can do without an engine: the same events, the same rows, \
            the same checksums. 'generator' makes the events and does nothing with them.

            Queries: \(HandQuery.all.map(\.name).joined(separator: ", "))
            """)

    @Option(help: "The query, such as q5; 'all' runs one after the other; 'generator' none.")
    var query: String

    @Option(help: "How many events are generated.")
    var events = 1_000_000

    @Flag(
        help: "Make the events beforehand, and time the loop alone; takes about 400 bytes an event."
    )
    var replay = false

    @Flag(help: "Print each query's figures as a line of JSON.")
    var json = false

    func validate() throws {
        if events < 1 { throw ValidationError("--events must be at least 1, not \(events)") }
        _ = try queries
    }

    private var queries: [HandQuery] {
        get throws {
            if query == "generator" { return [.generator] }
            if query == "all" { return HandQuery.all }
            guard let found = HandQuery.named(query) else {
                throw BenchmarkError.unknown(
                    query, known: HandQuery.all.map(\.name) + ["all", "generator"])
            }
            return [found]
        }
    }

    func run() throws {
        if !json { print(NexmarkReport.header) }
        let block = replay ? EventBlock(count: events) : nil
        for query in try queries {
            block?.refill()
            let usageBefore = ResourceUsage.current()
            let start = ContinuousClock.now
            let total = block.map { query.run(over: $0) } ?? query.run(events: events)
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let usage = ResourceUsage.current()
            let report = NexmarkReport(
                query: query.name, events: events, parallelism: 1, seconds: seconds,
                eventsPerSecond: Double(events) / seconds, rows: total.rows,
                checksum: total.checksumText, peakResidentBytes: Int(usage.peakMegabytes * 1e6),
                cpuSeconds: usage.processorSeconds - usageBefore.processorSeconds)
            print(json ? try report.jsonLine : report.line)
        }
        if !json { print("\n" + Machine.current().description) }
    }
}
