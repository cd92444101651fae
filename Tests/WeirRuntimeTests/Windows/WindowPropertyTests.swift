import Foundation
import Testing
import WeirCore
import WeirRuntime
import WeirTesting

/// The number of random cases of windows, and as many again of joins: `WEIR_PROPERTY_CASES` or what
/// every run must have.
let windowCaseCount =
    UInt64(ProcessInfo.processInfo.environment["WEIR_PROPERTY_CASES"] ?? "") ?? 6_000

/// Windows of a random kind with random settings, for the engine and for the model.
private struct RandomCase: CustomStringConvertible {
    let windowing: EventWindowing
    var model: WindowModel

    init(using random: inout SeededGenerator) {
        func span(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
        let shape: WindowModel.Shape
        let windows: EventWindowing
        switch Int.random(in: 0..<7, using: &random) {
        case 0, 1:
            let size = span(1...20)
            let slide = Bool.random(using: &random) ? size : span(2...15)
            let offset = span(-9...9)
            shape = .sliding(size: size, slide: slide, offset: offset)
            windows = Windowing(
                .sliding(
                    .microseconds(size), every: .microseconds(slide), offset: .microseconds(offset))
            )
        case 2:
            let (step, offset) = (span(1...5), span(-9...9))
            let size = step * span(1...4)
            shape = .cumulative(size: size, step: step, offset: offset)
            windows = Windowing(
                .cumulative(
                    .microseconds(size), every: .microseconds(step), offset: .microseconds(offset)))
        case 3:
            let gap = span(1...15)
            shape = .sessions(gap: gap)
            windows = Windowing(.session(gap: .microseconds(gap)))
        case 4:
            let modulus = Int(span(1...20))
            shape = .sessionsByRecord(modulus: modulus)
            windows = Windowing(
                .sessions(gap: { .microseconds(1 + Int64($0.value % modulus)) }))
        case 5:
            shape = .global
            windows = Windowing(.global)
        default:
            let custom = RandomWindows(
                isMerging: .random(using: &random), modulus: Int(span(1...20)))
            shape = .custom(custom)
            windows = Windowing(custom)
        }
        let hasTrigger = Bool.random(using: &random)
        let early = hasTrigger ? Self.rule(using: &random) : nil
        let late = hasTrigger ? Self.rule(using: &random) ?? .eachRecord : .eachRecord
        let domain: TimeDomain =
            Int.random(in: 0..<4, using: &random) == 0 ? .processingTime : .eventTime
        let lateness = domain == .eventTime && Bool.random(using: &random) ? span(1...40) : 0
        let panes: PaneAccumulation =
            hasTrigger && Bool.random(using: &random) ? .discarding : .accumulating
        model = WindowModel(
            shape, domain: domain, lateness: lateness, early: early, late: late, panes: panes)
        windowing = windows.with(
            domain: domain, lateness: lateness,
            hasTrigger ? PaneTrigger(early: early, late: late) : nil, panes)
    }

    private static func rule(using random: inout SeededGenerator) -> PaneRule? {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .eachRecord
        case 1: .everyRecords(.random(in: 1...4, using: &random))
        case 2: .every(.microseconds(.random(in: 1...9, using: &random)), in: .eventTime)
        case 3: .every(.microseconds(.random(in: 1...9, using: &random)), in: .processingTime)
        default: nil
        }
    }

    var description: String { windowing.summary }
}

/// What happens to an operator, at random: records out of order, marks, and the clock.
private enum Move {
    case records([Event])
    case watermark(Int64)
    case clock(Int64)

    static func random(
        around time: inout Int64, _ clock: inout Int64, _ value: inout Int,
        using random: inout SeededGenerator
    ) -> Move {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            time += .random(in: 0...12, using: &random)
            return .watermark(time)
        case 1:
            clock += .random(in: 0...12, using: &random)
            return .clock(clock)
        default:
            return .records(
                (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    value += 1
                    return Event(
                        .random(in: 1...2, using: &random), value,
                        at: time + .random(in: -25...20, using: &random))
                })
        }
    }
}

@Suite struct `Any windows` {
    @Test(arguments: 0..<16 as Range<UInt64>)
    func `put out what a naive model does, pane by pane`(part: UInt64) throws {
        var rows = 0
        var lateRows = 0
        for seed in stride(from: part, to: windowCaseCount, by: 16) {
            var random = SeededGenerator(seed: seed)
            var randomCase = RandomCase(using: &random)
            let scenario = try WindowScenario(
                randomCase.windowing, batchSize: [1, 3, 1_024][Int(seed % 3)],
                refusing: Refusal.allCases[Int(seed / 3 % 3)])
            var (time, clock, value) = (Int64.random(in: -30...30, using: &random), Int64(0), 0)
            for step in 0..<14 {
                let move = Move.random(around: &time, &clock, &value, using: &random)
                let found = try apply(move, to: scenario, &randomCase.model)
                try compare(found, &randomCase, scenario, seed, step)
                rows += found.count
            }
            randomCase.model.advance(randomCase.model.domain, to: .max, isEnd: true)
            let found = try scenario.end()
            try compare(found, &randomCase, scenario, seed, 99)
            #expect(scenario.counters.held.current == 0, "seed \(seed): \(randomCase)")
            lateRows += randomCase.model.late.count
        }
        // An engine that puts out nothing must not pass where the model agrees by chance.
        #expect(rows > Int(windowCaseCount) / 16 && lateRows > Int(windowCaseCount) / 64)
    }

    private func apply(
        _ move: Move, to scenario: WindowScenario, _ model: inout WindowModel
    ) throws -> [PaneRow] {
        switch move {
        case .records(let events):
            for event in events { model.add(event) }
            return try scenario.send(events)
        case .watermark(let time):
            model.advance(.eventTime, to: time)
            return try scenario.watermark(time)
        case .clock(let time):
            // Each tick comes when it is due, so that the model goes there step by step.
            for instant in model.now...max(model.now, time) {
                model.advance(.processingTime, to: instant)
            }
            return try scenario.clock(time)
        }
    }

    private func compare(
        _ found: [PaneRow], _ randomCase: inout RandomCase, _ scenario: WindowScenario,
        _ seed: UInt64, _ step: Int
    ) throws {
        let expected = randomCase.model.rows.sorted()
        randomCase.model.rows = []
        try #require(found.sorted() == expected, "seed \(seed), step \(step): \(randomCase)")
        try #require(
            scenario.late.records.map(\.value) == randomCase.model.late,
            "seed \(seed), step \(step): \(randomCase)")
        let counters = scenario.counters
        #expect(
            scenario.isBalanced && counters.filtered.current == randomCase.model.filtered
                && counters.late.current == randomCase.model.late.count,
            "seed \(seed), step \(step): \(randomCase)")
    }
}
