import Testing
import WeirCore
import WeirTesting

@testable import Weir

@Suite struct `Sinks in memory, under failures` {
    private let kinds: Set<SinkEvent> = [
        .completed, .checkpointFailed, .committed, .committedAgain, .crashed, .recovered, .rescaled,
        .finished,
    ]

    @Test func `collect each row once, with the commit of its epoch`() throws {
        let conformance = SinkConformance(isRewindable: true, row: { $0 }) {
            let sink = CollectSink<Int>()
            return (sink, { sink.elements })
        }
        let events = try conformance.check(seeds: 0..<500)
        #expect(Set(events.keys) == kinds.union([.wentBack]))
    }

    @Test func `keep a table of changes that are applied once`() throws {
        let conformance = SinkConformance(row: { KeyedChange(key: $0, .insert($0)) }) {
            let table = CollectTable<Int, Int>()
            return (table, { table.rows.map { KeyedChange(key: $0.key, .insert($0.value)) } })
        }
        let events = try conformance.check(seeds: 0..<500)
        #expect(Set(events.keys) == kinds)
    }
}
