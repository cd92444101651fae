import Testing
import WeirCore
import WeirTesting

@testable import WeirRuntime
@testable import WeirState

@Suite struct `Count window across checkpoints` {
    private static let windowings: [EventWindowing] = [
        .init(.counted(size: 5, slide: 5)), .init(.counted(size: 6, slide: 4)),
        .init(.counted(size: 6, slide: 2)), .init(.counted(size: 3, slide: 7)),
    ]

    private static let events = (0..<400).map { Event($0 * 7 % 9, $0, at: Int64($0)) }

    private func send(_ events: some Sequence<Event>, to harness: StepHarness<Event, PaneRow>)
        throws
    {
        try harness.send(events.map { ($0, at: $0.at) })
    }

    /// The windows of each key, in its order.
    private func byKey(_ rows: [PaneRow]) -> [Int: [PaneRow]] {
        Dictionary(grouping: rows, by: \.key)
    }

    /// What a list of all records of a key says.
    private func model(_ size: Int, _ slide: Int) -> [Int: [[Int]]] {
        Dictionary(grouping: Self.events, by: \.key).mapValues { events in
            let values = events.map(\.value)
            var windows: [[Int]] = []
            for end in stride(from: slide, through: values.count, by: slide) {
                windows.append(Array(values[max(0, end - size)..<end]))
            }
            // What is left over comes with what the next window would have shared with the last.
            let last = values.count / slide * slide
            let start = size >= slide ? last + slide - size : max(last, values.count - size)
            if values.count > last { windows.append(Array(values[max(0, start)...])) }
            return windows
        }
    }

    @Test(arguments: windowings, [1, 7, 23, 150, 333])
    func `goes on in the middle of a window`(windowing: EventWindowing, cut: Int) throws {
        guard case .counted(let size, let slide) = windowing.windows else { return }
        let first = try StepHarness(.forTesting(), collectingStep(windowing))
        try send(Self.events[..<cut], to: first)
        let snapshot = try first.snapshot()
        // What comes after the barrier belongs to the next epoch.
        try send(Self.events[cut...].prefix(50), to: first)
        let second = try StepHarness(.forTesting(), collectingStep(windowing))
        try second.restore(from: snapshot)
        try send(Self.events[cut...], to: second)
        try second.send(.end)
        let before = first.records.prefix { row in row.values.allSatisfy { $0 < cut } }
        let rows = byKey(before + second.records)
        #expect(rows.mapValues { $0.map(\.values) } == model(size, slide))
        let counters = second.context.counters
        #expect(counters.received.current == Self.events.count && counters.held.current == 0)
        #expect(
            counters.passed.current + counters.filtered.current == Self.events.count)
    }

    @Test(arguments: windowings, [(1, 3), (3, 2), (2, 1)])
    func `goes on at another parallelism`(windowing: EventWindowing, change: (Int, Int)) throws {
        guard case .counted(let size, let slide) = windowing.windows else { return }
        let (old, new) = change
        func own(_ subtask: Int, _ parallelism: Int, _ events: ArraySlice<Event>) -> [Event] {
            let ownership = KeyOwnership(subtask: subtask, parallelism: parallelism)
            return events.filter { ownership.owns(hash: $0.key.stableHash) }
        }
        var rows: [PaneRow] = []
        var counts = (received: 0, held: 0)
        let snapshots = try (0..<old).map { subtask in
            let harness = try StepHarness(
                .forTesting(subtask: subtask, parallelism: old), collectingStep(windowing))
            try send(own(subtask, old, Self.events[..<157]), to: harness)
            rows += harness.records
            return try harness.snapshot()
        }
        for subtask in 0..<new {
            let harness = try StepHarness(
                .forTesting(subtask: subtask, parallelism: new), collectingStep(windowing))
            try harness.restore(from: snapshots)
            try send(own(subtask, new, Self.events[157...]), to: harness)
            try harness.send(.end)
            rows += harness.records
            counts.received += harness.context.counters.received.current
            counts.held += harness.context.counters.held.current
        }
        #expect(byKey(rows).mapValues { $0.map(\.values) } == model(size, slide))
        #expect(counts == (Self.events.count, 0))
    }
}
