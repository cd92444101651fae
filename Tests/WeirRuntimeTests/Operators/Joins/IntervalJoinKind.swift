import WeirCore

@testable import WeirRuntime

/// The kinds of interval join, as tests run them.
enum IntervalJoinKind: CaseIterable {
    case inner, left, right, full, semi, anti

    var outputs: JoinOutputs<Event, Event, JoinedPair> {
        let pair: @Sendable (Event, Event) -> JoinedPair = { JoinedPair($0, $1) }
        let left: @Sendable (Event) -> JoinedPair = { JoinedPair($0, nil) }
        let right: @Sendable (Event) -> JoinedPair = { JoinedPair(nil, $0) }
        return switch self {
        case .inner: JoinOutputs(pair: pair)
        case .left: JoinOutputs(pair: pair, leftAlone: left)
        case .right: JoinOutputs(pair: pair, rightAlone: right)
        case .full: JoinOutputs(pair: pair, leftAlone: left, rightAlone: right)
        case .semi: JoinOutputs(leftMatched: left)
        case .anti: JoinOutputs(leftAlone: left)
        }
    }

    var hasPairs: Bool { self != .semi && self != .anti }
    var hasLeftAlone: Bool { self == .left || self == .full || self == .anti }
    var hasRightAlone: Bool { self == .right || self == .full }
}

/// A join with its state in view.
func joiningByInterval(
    _ kind: IntervalJoinKind, _ interval: JoinInterval, _ context: SubtaskContext,
    _ next: Step<JoinedPair>,
    late: Step<JoinSide<Event, Event>>? = nil,
    where isPair: @escaping @Sendable (Event, Event) throws -> Bool = { _, _ in true }
) -> (
    left: Step<Event>, right: Step<Event>,
    state: IntervalJoinState<Event, Event, Int, JoinedPair>
) {
    let core = JoinCore<Event, Event, JoinedPair>(context, into: next, late: late)
    let state = IntervalJoinState<Event, Event, Int, JoinedPair>(
        core: core, interval: interval, outputs: kind.outputs)
    let pair = kind.outputs.pair ?? { _, _ in throw JoinSideMissing() }
    let left = intervalLeftLoop(
        by: { (event: Event) in event.key }, where: isPair, pair: pair)
    let right = intervalRightLoop(
        by: { (event: Event) in event.key }, where: isPair, pair: pair)
    let advance: (Signal) throws -> Bool = { _ in try state.advance() }
    return (
        core.step(0, join: { try left(&$0, state) }, advance: advance),
        core.step(1, join: { try right(&$0, state) }, advance: advance), state
    )
}

/// An interval of whole microseconds, both ends in it.
func micros(_ lower: Int64, _ upper: Int64) -> JoinInterval {
    .between(.microseconds(lower), .microseconds(upper))
}
