import Testing
import WeirCore
import WeirTesting

@testable import WeirRuntime

@Suite struct `Records of their key's latest window` {
    private func tumbling(_ size: Int64, lateness: Int64) -> EventWindowing {
        EventWindowing(.tumbling(.microseconds(size))).with(lateness: lateness)
    }

    @Test func `are told for sessions and tumbling windows without a trigger`() {
        #expect(EventWindowing(.session(gap: .seconds(1))).usual != nil)
        #expect(tumbling(10, lateness: 5).usual != nil)
        let slide = Duration.microseconds(5)
        #expect(EventWindowing(.sliding(.microseconds(10), every: slide)).usual == nil)
        let rule = PaneTrigger<Event>(early: .everyRecords(3))
        #expect(EventWindowing(.session(gap: .seconds(1))).with(rule).usual == nil)
    }

    @Test func `fall into windows of today's length where one of another was restored`() throws {
        let old = try WindowScenario(tumbling(1_000, lateness: 10))
        try old.send((100, 1))
        let new = try WindowScenario(tumbling(10, lateness: 10))
        try new.harness.restore(from: old.harness.snapshot())
        try new.send((503, 2), (504, 3), (512, 4), (505, 5))
        #expect(
            try new.watermark(2_000).sorted() == [
                PaneRow(1, 500, 510, [2, 3, 5]), PaneRow(1, 510, 520, [4]),
                PaneRow(1, 0, 1_000, [1]),
            ])
    }

    @Test func `fall into the same windows in any order, at the end of time too`() throws {
        let latest = Timestamp.latest.microseconds
        for records in [
            [(latest - 1, 1), (latest - 9_000_000, 2)],
            [(latest - 14_000_000, 1), (latest - 2, 2)],
        ] {
            let results = try [records, records.reversed()].map { records in
                let scenario = try WindowScenario(tumbling(10_000_000, lateness: 20))
                try scenario.send(records.map { Event(1, $0.1, at: $0.0) })
                return try scenario.end().sorted()
            }
            #expect(results[0] == results[1] && results[0].flatMap(\.values).sorted() == [1, 2])
        }
    }
}
