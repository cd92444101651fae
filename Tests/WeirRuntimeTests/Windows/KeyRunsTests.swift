import Testing
import WeirCore
import WeirTesting

@testable import WeirRuntime

private struct Refused: Error {}

/// Lists values in the order in which they came, but for one that it refuses.
private struct Listing: Aggregate {
    var refused: Int?
    func makeAccumulator() -> [Int] { [] }
    func add(_ event: Event, to values: inout [Int]) throws {
        if event.value == refused { throw Refused() }
        values.append(event.value)
    }
    func merge(_ other: [Int], into values: inout [Int]) { values += other }
    func result(of values: [Int]) -> [Int] { values }
}

/// Rows of one key that follow each other are folded under one lookup.
@Suite struct `Runs of one key` {
    private struct Row: Equatable, Comparable, Sendable {
        var key: Int
        var start: Int64
        var values: [Int]

        static func < (left: Self, right: Self) -> Bool {
            (left.start, left.key) < (right.start, right.key)
        }
    }

    private func harness(refused: Int? = nil) throws -> StepHarness<Event, Row> {
        try StepHarness(.forTesting(batchSize: 64)) { context, next in
            windowAggregateStep(
                context, into: next, late: nil, .tumbling(.microseconds(20)),
                Listing(refused: refused), keyOf: { $0.key }
            ) { Row(key: $0, start: $1.start.microseconds, values: $2) }
        }
    }

    private func expected(_ events: [Event]) -> [Row] {
        let groups = Dictionary(grouping: events) {
            [Int64($0.key), $0.at.microseconds / 20 * 20]
        }
        return groups.map { Row(key: Int($0[0]), start: $0[1], values: $1.map(\.value)) }.sorted()
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `fall into the windows and keys that they belong to, in order`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var events: [Event] = []
        while events.count < 300 {
            let key = Int.random(in: 0..<4, using: &random)
            for _ in 0..<Int.random(in: 1...9, using: &random) {
                let time = Int64.random(in: 0..<100, using: &random)
                events.append(Event(key, events.count, at: time))
            }
        }
        let harness = try harness()
        try harness.send(events.map { ($0, at: $0.at) })
        try harness.send(.end)
        #expect(harness.records.sorted() == expected(events))
        #expect(harness.context.counters.passed.current == events.count)
    }

    @Test(arguments: [0, 1, 6, 11])
    func `stop the job on the record that was refused`(refused: Int) throws {
        let events = (0..<12).map { Event($0 < 7 ? 1 : 2, $0, at: Int64($0)) }
        let harness = try harness(refused: refused)
        let error = #expect(throws: OperatorFailure.self) {
            try harness.send(events.map { ($0, at: $0.at) })
        }
        #expect(error?.record == "\(events[refused])" && error?.cause is Refused)
    }
}
