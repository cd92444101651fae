import Foundation
import Testing
import WeirCore
import WeirRuntime
import WeirTesting

/// A row of a join under test: the records that it was made of.
struct JoinedPair: Hashable, Sendable, CustomStringConvertible {
    var left: Event?
    var right: Event?

    init(_ left: Event?, _ right: Event?) {
        self.left = left
        self.right = right
    }
    var description: String {
        [left, right].map { $0.map { "\($0)" } ?? "-" }.joined(separator: " ")
    }
}

/// A row with its event time.
struct TimedRow<Row: Hashable & Sendable>: Hashable, Sendable, CustomStringConvertible {
    var row: Row
    var at: Timestamp
    var description: String { "\(row) at \(at.microseconds)" }
}

/// How often each row came.
func counted<Row: Hashable & Sendable>(_ rows: [TimedRow<Row>]) -> [TimedRow<Row>: Int] {
    rows.reduce(into: [:]) { $0[$1, default: 0] += 1 }
}

/// The number of random cases of each property.
let joinCaseCount =
    UInt64(ProcessInfo.processInfo.environment["WEIR_PROPERTY_CASES"] ?? "") ?? 600

/// What goes into the two ports of a join, in order: random records out of order, some of them late;
/// watermarks; sides that fall idle and wake; the ends.
struct JoinScenario {
    typealias Input = PortEmission<Event, Event>
    var inputs: [Input] = []

    init(seed: UInt64, records: Int = 40) {
        var random = SeededGenerator(seed: seed)
        let keys = Int.random(in: 1...4, using: &random)
        let disorder = Int64.random(in: 0...12, using: &random)
        let skew = Int64.random(in: 0...10, using: &random)
        var now = Int64.random(in: -60...20, using: &random)
        for number in 0..<Int.random(in: 0...records, using: &random) {
            now += Int64.random(in: 0...4, using: &random)
            let isLeft = Bool.random(using: &random)
            let back = Int64.random(in: 0...disorder, using: &random)
            let event = Event(.random(in: 1...keys, using: &random), number, at: now - back)
            inputs.append(Self.input(isLeft, .record(event, at: event.at)))
            switch Int.random(in: 0..<12, using: &random) {
            case 0...3:
                // Promises a little more than holds, so that some records are late.
                let mark = Timestamp(
                    microseconds: now - disorder + .random(in: -2...12, using: &random))
                let side = Bool.random(using: &random)
                let lag = side ? 0 : skew
                inputs.append(
                    Self.input(side, .watermark(mark.advanced(byMicroseconds: -lag))))
            case 4: inputs.append(Self.input(.random(using: &random), .signal(.idle)))
            default: break
            }
        }
        let leftEndsFirst = Bool.random(using: &random)
        inputs += [Self.input(leftEndsFirst, .end), Self.input(!leftEndsFirst, .end)]
    }

    private static func input(_ isLeft: Bool, _ emission: Emission<Event>) -> Input {
        isLeft ? .left(emission) : .right(emission)
    }

    /// The records that are not behind the merged watermark when they come, and those that are.
    struct Judged {
        var lefts: [Event] = []
        var rights: [Event] = []
        var late: [JoinedPair] = []
    }

    /// Judges each record by the lowest watermark of the sides that are neither idle nor ended.
    func judged() -> Judged {
        var judged = Judged()
        var marks = [Timestamp.earliest, .earliest]
        var counts = [true, true]
        var ended = [false, false]
        var merged = Timestamp.earliest
        for input in inputs {
            let (side, emission) =
                switch input {
                case .left(let emission): (0, emission)
                case .right(let emission): (1, emission)
                }
            switch emission {
            case .record(let event, let time):
                counts[side] = true
                if time <= merged, merged > .earliest {
                    judged.late.append(side == 0 ? JoinedPair(event, nil) : JoinedPair(nil, event))
                } else if side == 0 {
                    judged.lefts.append(event)
                } else {
                    judged.rights.append(event)
                }
                continue
            case .signal(.watermark(let time)):
                counts[side] = true
                marks[side] = max(marks[side], time)
            case .signal(.idle): counts[side] = false
            case .signal(.end): ended[side] = true
            case .signal: break
            }
            let active = [0, 1].filter { counts[$0] && !ended[$0] }.map { marks[$0] }
            if let lowest = active.min() { merged = max(merged, lowest) }
        }
        return judged
    }
}

/// What came out of a join that was driven through a scenario.
struct JoinRun<Row: Hashable & Sendable> {
    var rows: [TimedRow<Row>] = []
    var late: [JoinedPair] = []

    /// Drives a join, and checks after each call that its ledger balances, and that no row is behind a
    /// watermark that was handed on before it.
    init(
        _ scenario: JoinScenario, batchSize: Int = 1_024, refusing refusal: Refusal = .never,
        _ make: (
            SubtaskContext, Step<Row>, _ late: Step<JoinSide<Event, Event>>
        ) throws -> (left: Step<Event>, right: Step<Event>)
    ) throws {
        let lateProbe = OutputProbe<JoinSide<Event, Event>>(refusing: refusal)
        let harness = try TwoPortHarness<Event, Event, Row>(
            .forTesting(batchSize: batchSize), refusing: refusal
        ) { context, next in
            let steps = try make(context, next, lateProbe.step)
            return (steps.left, steps.right)
        }
        let counters = harness.context.counters
        for input in scenario.inputs {
            switch input {
            case .left(let emission): try Self.send(emission, to: harness.left)
            case .right(let emission): try Self.send(emission, to: harness.right)
            }
            let known =
                counters.passed.current + counters.filtered.current + counters.late.current
                + counters.held.current
            #expect(counters.received.current == known)
        }
        #expect(counters.held.current == 0)
        #expect(harness.output.signals.last == .end)
        #expect(harness.output.batchSizes.allSatisfy { $0 <= batchSize + 1 })
        var mark = Timestamp.earliest
        for emission in harness.emissions {
            switch emission {
            case .record(let row, let time):
                #expect(time > mark || mark == .earliest, "\(row) at \(time) is behind \(mark)")
                rows.append(TimedRow(row: row, at: time))
            case .signal(.watermark(let time)):
                // A mark that ends idleness may repeat the one before.
                #expect(time >= mark)
                mark = time
            case .signal: break
            }
        }
        #expect(counters.emitted.current == rows.count)
        late = lateProbe.records.map {
            switch $0 {
            case .left(let event): JoinedPair(event, nil)
            case .right(let event): JoinedPair(nil, event)
            }
        }
        #expect(counters.late.current == late.count)
    }

    private static func send(
        _ emission: Emission<Event>, to driver: InputDriver<Event>
    ) throws {
        switch emission {
        case .record(let event, let time): try driver.send(event, at: time)
        case .signal(let signal): try driver.send(signal)
        }
    }
}

/// Short names for the input of tests by hand.
func left(_ key: Int, _ value: Int, at time: Int64 = 0) -> JoinScenario.Input {
    .left(.record(Event(key, value, at: time), at: Timestamp(microseconds: time)))
}
func right(_ key: Int, _ value: Int, at time: Int64 = 0) -> JoinScenario.Input {
    .right(.record(Event(key, value, at: time), at: Timestamp(microseconds: time)))
}
/// The same watermark on both sides.
func watermark(_ time: Int64) -> [JoinScenario.Input] {
    let mark = Timestamp(microseconds: time)
    return [.left(.watermark(mark)), .right(.watermark(mark))]
}
var bothEnds: [JoinScenario.Input] { [.left(.end), .right(.end)] }

extension JoinScenario {
    init(_ inputs: [Input]) { self.inputs = inputs }
}

extension [JoinScenario.Input] {
    /// These inputs as a scenario that ends.
    var toTheEnd: JoinScenario { JoinScenario(self + bothEnds) }
}
