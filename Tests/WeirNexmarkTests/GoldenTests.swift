import Testing

@testable import WeirNexmark

/// A query, and how many workers run it.
struct GoldenRun: Sendable, CustomTestStringConvertible {
    var query: NexmarkQuery
    var parallelism: Int

    var testDescription: String { "\(query.name) with \(parallelism) workers" }

    static let all = NexmarkQuery.all.flatMap { query in
        [1, 2, 7].map { GoldenRun(query: query, parallelism: $0) }
    }
}

/// Left out under the sanitizers by its name: there is nothing in it that the other tests do not run.
@Suite("The first 100,000 events") struct GoldenTests {
    @Test(arguments: GoldenRun.all)
    func `give what Flink gives`(run: GoldenRun) throws {
        guard let expected = try Golden.totals()[run.query.name] else {
            // q12 counts by the clock of the machine: there is nothing to compare it with.
            #expect(run.query.name == "q12")
            return
        }
        let found = try total(of: run.query, events: 100_000, parallelism: run.parallelism)
        #expect(found == expected)
    }
}
