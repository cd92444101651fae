import WeirCore
import WeirRuntime
import WeirTesting

/// One result of a window, as tests compare it: values in order of size.
struct PaneRow: Hashable, Comparable, Sendable, CustomStringConvertible {
    var key: Int
    var start: Int64
    var end: Int64
    var timing: WindowPane.Timing
    var index: Int
    var values: [Int]

    init(
        _ key: Int, _ start: Int64, _ end: Int64, _ timing: WindowPane.Timing, _ index: Int,
        _ values: [Int]
    ) {
        self.key = key
        self.start = start
        self.end = end
        self.timing = timing
        self.index = index
        self.values = values
    }

    /// The only pane of a window.
    init(_ key: Int, _ start: Int64, _ end: Int64, _ values: [Int]) {
        self.init(key, start, end, .onTime, 0, values)
    }

    init(_ key: Int, _ window: Window, _ pane: WindowPane, _ values: [Int]) {
        self.init(
            key, window.start.microseconds, window.end.microseconds, pane.timing, pane.index,
            values.sorted())
    }

    static func < (left: PaneRow, right: PaneRow) -> Bool {
        if (left.key, left.end, left.start) != (right.key, right.end, right.start) {
            return (left.key, left.end, left.start) < (right.key, right.end, right.start)
        }
        return left.index < right.index
    }

    var description: String { "\(key) \(start)..<\(end) \(timing) \(index) \(values)" }
}

typealias EventWindowing = Windowing<Event, Int>

extension Windowing {
    /// These windows, with other settings.
    func with(
        domain: TimeDomain = .eventTime, lateness: Int64 = 0,
        _ trigger: PaneTrigger<Element>? = nil, _ panes: PaneAccumulation = .accumulating
    ) -> Windowing {
        var changed = self
        changed.domain = domain
        changed.allowedLateness = .microseconds(lateness)
        changed.trigger = trigger.map { AnyWindowTrigger($0) }
        changed.panes = panes
        return changed
    }
}

/// Makes the step that collects the values of each pane, on whichever way the windows take.
func collectingStep(
    _ windowing: EventWindowing, late: Step<Event>? = nil
) -> (SubtaskContext, Step<PaneRow>) -> Step<Event> {
    { context, next in
        let collect = Collect(\Event.value)
        if let assigner = windowing.sliced {
            return windowAggregateStep(
                context, into: next, late: late, assigner, collect, keyOf: { $0.key }
            ) { PaneRow($0, $1, .single, $2) }
        }
        if case .counted(let size, let slide) = windowing.windows {
            return countWindowStep(
                context, into: next, size: size, slide: slide, collect, keyOf: { $0.key }
            ) { PaneRow($0, $1, $2, $3) }
        }
        return windowOperatorStep(
            context, into: next, late: late, windowing, collect, keyOf: { $0.key }
        ) { PaneRow($0, $1, $2, $3) }
    }
}

/// Sends records and marks to a window operator, and reads what comes of each.
final class WindowScenario {
    let harness: StepHarness<Event, PaneRow>
    let late: OutputProbe<Event>

    init(
        _ windowing: EventWindowing, batchSize: Int = 1_024, refusing refusal: Refusal = .never
    ) throws {
        let late = OutputProbe<Event>(refusing: refusal)
        self.late = late
        harness = try StepHarness(
            .forTesting(batchSize: batchSize), refusing: refusal,
            collectingStep(windowing, late: late.step))
    }

    convenience init(_ assigner: WindowAssigner) throws { try self.init(Windowing(assigner)) }

    var counters: OperatorCounters { harness.context.counters }

    private func taken() -> [PaneRow] {
        defer { harness.output.removeAll() }
        return harness.records
    }

    /// Sends records of the given times and values, of key 1, as one batch.
    @discardableResult
    func send(_ records: (Int64, Int)..., key: Int = 1) throws -> [PaneRow] {
        try send(records.map { Event(key, $0.1, at: $0.0) })
    }

    @discardableResult func send(_ events: [Event]) throws -> [PaneRow] {
        try harness.send(events.map { ($0, at: $0.at) })
        return taken()
    }

    @discardableResult func watermark(_ time: Int64) throws -> [PaneRow] {
        try harness.advanceWatermark(to: Timestamp(microseconds: time))
        return taken()
    }

    @discardableResult func clock(_ time: Int64) throws -> [PaneRow] {
        try harness.advanceProcessingTime(to: Timestamp(microseconds: time))
        return taken()
    }

    @discardableResult func end() throws -> [PaneRow] {
        try harness.send(.end)
        return taken()
    }

    /// Whether every record is accounted for, and how many are still held.
    var isBalanced: Bool {
        counters.received.current == counters.passed.current + counters.filtered.current
            + counters.late.current + counters.held.current
    }
}
