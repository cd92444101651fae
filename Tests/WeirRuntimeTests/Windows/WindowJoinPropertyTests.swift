import Testing
import WeirCore
import WeirRuntime
import WeirTesting

/// A row of a join: what was paired, at the last point of the window.
private struct JoinedRow: Hashable, Comparable, Sendable {
    var time: Int64
    var left: Int
    var right: Int

    static func < (left: JoinedRow, right: JoinedRow) -> Bool {
        (left.time, left.left, left.right) < (right.time, right.left, right.right)
    }
}

private typealias Side = JoinSide<Event, Event>

extension JoinSide<Event, Event> {
    fileprivate var event: Event {
        switch self {
        case .left(let event), .right(let event): event
        }
    }
}

private struct SideWindows: CustomWindowAssigner {
    let windows: RandomWindows
    var isMerging: Bool { windows.isMerging }

    func windows(for side: Side, key: Int, at time: Timestamp) -> [Window] {
        windows.windows(for: side.event, key: key, at: time)
    }
}

/// A join in random windows. The values of left records are even, those of right ones odd.
private struct RandomJoin: CustomStringConvertible {
    let kind: JoinKind
    let windowing: Windowing<Side, Int>
    var model: WindowModel

    init(using random: inout SeededGenerator) {
        func span(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
        kind =
            [.inner, .left, .right, .full, .semi, .anti][
                Int.random(in: 0..<6, using: &random)]
        var windows: Windowing<Side, Int>
        let shape: WindowModel.Shape
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            let (size, slide, offset) = (span(1...20), span(2...15), span(-9...9))
            shape = .sliding(size: size, slide: slide, offset: offset)
            windows = Windowing(
                .sliding(
                    .microseconds(size), every: .microseconds(slide), offset: .microseconds(offset))
            )
        case 1:
            let (step, count) = (span(1...6), span(1...3))
            shape = .cumulative(size: step * count, step: step, offset: 0)
            windows = Windowing(
                .cumulative(.microseconds(step * count), every: .microseconds(step)))
        case 2:
            let gap = span(1...15)
            shape = .sessions(gap: gap)
            windows = Windowing(.session(gap: .microseconds(gap)))
        case 3:
            let modulus = Int(span(1...20))
            shape = .sessionsByRecord(modulus: modulus)
            windows = Windowing(
                .sessions(gap: { .microseconds(1 + Int64($0.event.value % modulus)) }))
        case 4:
            let custom = RandomWindows(
                isMerging: .random(using: &random), modulus: Int(span(1...20)))
            shape = .custom(custom)
            windows = .custom(SideWindows(windows: custom))
        default:
            shape = .global
            windows = Windowing(.global)
        }
        let lateness = Bool.random(using: &random) ? span(1...40) : 0
        windows.allowedLateness = .microseconds(lateness)
        windowing = windows
        model = WindowModel(
            shape, domain: .eventTime, lateness: lateness, early: nil, late: .eachRecord,
            panes: .accumulating)
    }

    var description: String { "\(kind), \(windowing.summary)" }

    func step(
        _ context: SubtaskContext, _ next: Step<JoinedRow>, late: Step<Side>
    ) -> (Step<Event>, Step<Event>) {
        let steps = windowJoinSteps(
            context, into: next, late: late, windowing, kind,
            leftKey: { (event: Event) in event.key }, rightKey: { (event: Event) in event.key }
        ) { (left: Event?, right: Event?) in
            JoinedRow(time: 0, left: left?.value ?? -1, right: right?.value ?? -1)
        }
        return (steps.left, steps.right)
    }

    /// What the model's panes come to when their values are paired.
    mutating func takeRows() -> [JoinedRow] {
        defer { model.rows = [] }
        return model.rows.flatMap { row -> [JoinedRow] in
            let lefts = row.values.filter { $0.isMultiple(of: 2) }
            let rights = row.values.filter { !$0.isMultiple(of: 2) }
            func rows(_ pairs: [(Int, Int)]) -> [JoinedRow] {
                pairs.map { JoinedRow(time: row.end - 1, left: $0.0, right: $0.1) }
            }
            let lonelyLefts = rights.isEmpty ? lefts.map { ($0, -1) } : []
            let lonelyRights = lefts.isEmpty ? rights.map { (-1, $0) } : []
            let pairs = lefts.flatMap { left in rights.map { (left, $0) } }
            return switch kind {
            case .inner: rows(pairs)
            case .left: rows(pairs + lonelyLefts)
            case .right: rows(pairs + lonelyRights)
            case .full: rows(pairs + lonelyLefts + lonelyRights)
            case .semi: rows(rights.isEmpty ? [] : lefts.map { ($0, -1) })
            case .anti: rows(lonelyLefts)
            }
        }
    }
}

@Suite struct `Any windowed join` {
    @Test(arguments: 0..<16 as Range<UInt64>)
    func `puts out what a naive model does`(part: UInt64) throws {
        var rows = 0
        for seed in stride(from: part, to: windowCaseCount, by: 16) {
            var random = SeededGenerator(seed: seed &+ 0x10_0000)
            var join = RandomJoin(using: &random)
            let refusal = Refusal.allCases[Int(seed / 3 % 3)]
            let late = OutputProbe<Side>(refusing: refusal)
            let harness = try TwoPortHarness<Event, Event, JoinedRow>(
                .forTesting(batchSize: [1, 3, 1_024][Int(seed % 3)]), refusing: refusal
            ) { join.step($0, $1, late: late.step) }
            var (time, value) = (Int64.random(in: -30...30, using: &random), 0)
            for step in 0..<14 {
                if Int.random(in: 0..<4, using: &random) == 0 {
                    time += .random(in: 0...15, using: &random)
                    join.model.advance(.eventTime, to: time)
                    try harness.advanceWatermark(to: Timestamp(microseconds: time))
                } else {
                    let isLeft = Bool.random(using: &random)
                    let events = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                        value += 1
                        return Event(
                            .random(in: 1...2, using: &random), value * 2 + (isLeft ? 0 : 1),
                            at: time + .random(in: -25...20, using: &random))
                    }
                    for event in events { join.model.add(event) }
                    let port = isLeft ? harness.left : harness.right
                    try port.send(events.map { ($0, at: $0.at) })
                }
                rows += try compare(harness, &join, late, seed, step)
            }
            join.model.advance(.eventTime, to: .max, isEnd: true)
            try harness.right.send(.end)
            try harness.left.send(.end)
            rows += try compare(harness, &join, late, seed, 99)
            #expect(harness.context.counters.held.current == 0, "seed \(seed): \(join)")
        }
        #expect(rows > Int(windowCaseCount) / 16)
    }

    private func compare(
        _ harness: TwoPortHarness<Event, Event, JoinedRow>, _ join: inout RandomJoin,
        _ late: OutputProbe<Side>, _ seed: UInt64, _ step: Int
    ) throws -> Int {
        let found = harness.emissions.compactMap { emission -> JoinedRow? in
            guard case .record(var row, let time) = emission else { return nil }
            row.time = time.microseconds
            // Without its partner, which of them does not matter.
            if join.kind == .semi { row.right = -1 }
            return row
        }
        harness.output.removeAll()
        try #require(found.sorted() == join.takeRows().sorted(), "seed \(seed), \(step): \(join)")
        try #require(
            late.records.map(\.event.value) == join.model.late, "seed \(seed), \(step): \(join)")
        let counters = harness.context.counters
        #expect(
            counters.received.current == counters.passed.current + counters.filtered.current
                + counters.late.current + counters.held.current, "seed \(seed), \(step): \(join)")
        return found.count
    }
}
