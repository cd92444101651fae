/// When a window emits panes before or after its end.
public enum PaneRule: Hashable, Sendable {
    /// With each record.
    case eachRecord
    /// With every so many records.
    case everyRecords(Int)
    /// At each multiple of a span since the epoch, on that clock, if records came since the last
    /// pane. In event time that is when the watermark says that the span before it is complete.
    case every(Duration, in: TimeDomain)

    /// What makes this rule unusable, as the planner reports it; `nil` when it is sound.
    public var problem: String? {
        switch self {
        case .everyRecords(let count) where count < 1:
            "a pane every \(count) records cannot be; the number must be positive"
        case .every(let span, _) where span < .microseconds(1):
            "a pane every \(span.spelledOut) cannot be; the span must be positive"
        default: nil
        }
    }

    /// Whether it looks at the watermark.
    @inlinable public var needsWatermarks: Bool {
        if case .every(_, .eventTime) = self { return true }
        return false
    }

    /// Whether it looks at the clock.
    @inlinable public var needsClock: Bool {
        if case .every(_, .processingTime) = self { return true }
        return false
    }
}

/// Emits panes by one rule before the end of a window, and by another after it.
///
/// The field's `AfterWatermark` with early and late firings (Akidau et al., "The Dataflow Model",
/// PVLDB 8(12), 2015).
public struct PaneTrigger<Element>: WindowTrigger {
    /// The panes before the end; `nil`: none.
    public let early: PaneRule?
    /// The panes after it.
    public let late: PaneRule

    /// What is remembered for each key and window.
    public struct State: Codable, Sendable {
        /// The records since the last pane.
        @usableFromInline var records: Int
        /// When the timer that waits is due, in microseconds.
        @usableFromInline var timer: Int64?
        /// Whether that is a processing time.
        @usableFromInline var isProcessingTime: Bool

        @inlinable init(records: Int = 0, timer: Int64? = nil, isProcessingTime: Bool = false) {
            self.records = records
            self.timer = timer
            self.isProcessingTime = isProcessingTime
        }
    }

    /// Emits by these rules.
    public init(early: PaneRule? = nil, late: PaneRule = .eachRecord) {
        self.early = early
        self.late = late
    }

    public func makeState() -> State { State() }

    public func onRecord(
        _ record: Element, at time: Timestamp, _ state: inout State, _ context: inout TriggerContext
    ) -> TriggerDecision {
        state.records += 1
        guard let rule = context.isPastEnd ? late : early else { return .proceed }
        switch rule {
        case .eachRecord: return fired(&state)
        case .everyRecords(let count):
            return state.records >= count ? fired(&state) : .proceed
        case .every(let span, let domain):
            register(span, domain, recordTime: time, &state, &context)
            return .proceed
        }
    }

    private func register(
        _ span: Duration, _ domain: TimeDomain, recordTime: Timestamp, _ state: inout State,
        _ context: inout TriggerContext
    ) {
        let due: Timestamp
        switch domain {
        case .processingTime: due = Self.multiple(of: span, after: context.processingTime)
        case .eventTime:
            // The watermark that completes the span says one microsecond less than its end.
            let open = max(recordTime, context.watermark.advanced(byMicroseconds: 1))
            due = Self.multiple(of: span, after: open).advanced(byMicroseconds: -1)
        }
        // At the end of the window a pane comes anyway.
        if !context.isPastEnd, domain == .eventTime, due >= context.window.lastTimestamp { return }
        if let waiting = state.timer, state.domain == domain, waiting <= due.microseconds { return }
        cancelTimer(&state, &context)
        state.timer = due.microseconds
        state.isProcessingTime = domain == .processingTime
        context.registerTimer(at: due, in: domain)
    }

    private func cancelTimer(_ state: inout State, _ context: inout TriggerContext) {
        guard let waiting = state.timer else { return }
        context.cancelTimer(at: Timestamp(microseconds: waiting), in: state.domain)
        state.timer = nil
    }

    private static func multiple(of span: Duration, after time: Timestamp) -> Timestamp {
        time.floor(to: max(span, .microseconds(1))) + max(span, .microseconds(1))
    }

    public func onTimer(
        at time: Timestamp, in domain: TimeDomain, _ state: inout State,
        _ context: inout TriggerContext
    ) -> TriggerDecision {
        // Of two windows that were merged, only the earlier timer counts.
        guard state.timer == time.microseconds, state.domain == domain else { return .proceed }
        state.timer = nil
        // A session that grew may have come from its late panes back to its early ones.
        guard case .every(_, domain)? = context.isPastEnd ? late : early else { return .proceed }
        return state.records > 0 ? fired(&state) : .proceed
    }

    public func onWindowEnd(
        _ state: inout State, _ context: inout TriggerContext
    ) -> TriggerDecision {
        // What is left of the early rule must not fire among the late panes.
        cancelTimer(&state, &context)
        return fired(&state)
    }

    private func fired(_ state: inout State) -> TriggerDecision {
        state.records = 0
        return .fire
    }

    public func merge(_ other: State, into state: inout State) {
        state.records += other.records
        guard let otherTimer = other.timer else { return }
        guard let timer = state.timer, state.domain == other.domain else {
            // On different clocks, only one can be of the rule that holds now: the next record, which
            // is the one that merges, sets it right.
            if state.timer == nil || other.domain == .eventTime {
                state.timer = otherTimer
                state.isProcessingTime = other.isProcessingTime
            }
            return
        }
        state.timer = min(timer, otherTimer)
    }
}

extension PaneTrigger.State {
    fileprivate var domain: TimeDomain { isProcessingTime ? .processingTime : .eventTime }
}

extension PaneTrigger.State: StateComposite {
    public static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "PaneTrigger", StateField("records") { $0.records }, StateField("timer") { $0.timer },
            StateField("isProcessingTime") { $0.isProcessingTime }
        ) { Self(records: $0, timer: $1, isProcessingTime: $2) }
    }
}
