public import WeirCore
import WeirState

/// A trigger whose type has been erased. Its state is kept with the window, as a value.
public struct AnyWindowTrigger<Element>: Sendable {
    @usableFromInline let makeState: @Sendable () -> any Sendable
    @usableFromInline let onRecord:
        @Sendable (Element, Timestamp, inout (any Sendable)?, inout TriggerContext) throws ->
            TriggerDecision
    @usableFromInline let onTimer:
        @Sendable (Timestamp, TimeDomain, inout (any Sendable)?, inout TriggerContext) throws ->
            TriggerDecision
    @usableFromInline let onWindowEnd:
        @Sendable (inout (any Sendable)?, inout TriggerContext) throws -> TriggerDecision
    @usableFromInline let merge: @Sendable (any Sendable, inout (any Sendable)?) throws -> Void
    /// Whether it looks at the clock.
    public let needsClock: Bool
    /// Whether its rules need a watermark.
    public let needsWatermarks: Bool
    /// What makes it unusable, in words.
    public let problems: [String]
    /// For the plan.
    public let summary: String

    /// Erases the type of a trigger of the user's own.
    public init<Trigger: WindowTrigger<Element>>(_ trigger: Trigger) {
        self.init(
            trigger, needsClock: true, needsWatermarks: false, problems: [],
            summary: String(describing: Trigger.self))
    }

    /// Erases the type of the usual trigger.
    public init(_ trigger: PaneTrigger<Element>) {
        let rules = [trigger.early, trigger.late].compactMap(\.self)
        let early = trigger.early.map { "early panes \($0.summary)" }
        let late = trigger.late == .eachRecord ? nil : "late panes \(trigger.late.summary)"
        self.init(
            trigger, needsClock: rules.contains(where: \.needsClock),
            needsWatermarks: rules.contains(where: \.needsWatermarks),
            problems: rules.compactMap(\.problem),
            summary: [early, late].compactMap(\.self).joined(separator: ", "))
    }

    private init<Trigger: WindowTrigger<Element>>(
        _ trigger: Trigger, needsClock: Bool, needsWatermarks: Bool, problems: [String],
        summary: String
    ) {
        self.needsClock = needsClock
        self.needsWatermarks = needsWatermarks
        self.problems = problems
        self.summary = summary
        makeState = { trigger.makeState() }
        onRecord = { record, time, state, context in
            var typed = try typedState(state) ?? trigger.makeState()
            defer { state = typed }
            return try trigger.onRecord(record, at: time, &typed, &context)
        }
        onTimer = { time, domain, state, context in
            var typed = try typedState(state) ?? trigger.makeState()
            defer { state = typed }
            return try trigger.onTimer(at: time, in: domain, &typed, &context)
        }
        onWindowEnd = { state, context in
            var typed = try typedState(state) ?? trigger.makeState()
            defer { state = typed }
            return try trigger.onWindowEnd(&typed, &context)
        }
        merge = { other, state in
            guard let other: Trigger.State = try typedState(other) else { return }
            var typed = try typedState(state) ?? trigger.makeState()
            trigger.merge(other, into: &typed)
            state = typed
        }
    }
}

/// A trigger's state of its own type, read if it comes from a checkpoint.
private func typedState<State>(_ state: (any Sendable)?) throws -> State? {
    if let saved = state as? SavedTriggerState { return try saved.read(as: State.self) }
    return state as? State
}

extension PaneRule {
    /// For the plan.
    fileprivate var summary: String {
        switch self {
        case .eachRecord: "with each record"
        case .everyRecords(let count): "every \(count) records"
        case .every(let span, .eventTime): "every \(span.spelledOut)"
        case .every(let span, .processingTime): "every \(span.spelledOut) of processing time"
        }
    }
}
