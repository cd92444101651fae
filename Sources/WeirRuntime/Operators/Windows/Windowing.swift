public import WeirCore

/// How a keyed stream is cut into windows, and when these emit panes.
public struct Windowing<Element, Key: StreamKey>: Sendable {
    /// Which windows a record belongs to.
    public enum Windows: Sendable {
        /// Those that its time alone decides.
        case assigned(WindowAssigner)
        /// Sessions whose gap each record says for itself.
        case sessions(gap: @Sendable (Element) throws -> Duration)
        /// Those that a type of the user's own says.
        case custom(
            isMerging: Bool, summary: String,
            assign: @Sendable (Element, Key, Timestamp) throws -> [Window])
        /// So many records, and a window every so many.
        case counted(size: Int, slide: Int)
    }

    /// Which windows a record belongs to.
    public var windows: Windows
    /// The clock by which windows start and end.
    public var domain = TimeDomain.eventTime
    /// How long after its end a window takes late records.
    public var allowedLateness = Duration.zero
    /// When panes are emitted; `nil`: at the end of the window, and with each late record.
    public var trigger: AnyWindowTrigger<Element>?
    /// What panes are made of.
    public var panes = PaneAccumulation.accumulating

    /// Windows that emit once, when they are complete.
    public init(_ windows: Windows) { self.windows = windows }

    /// Windows that emit once, when they are complete.
    public init(_ assigner: WindowAssigner) { windows = .assigned(assigner) }

    /// Windows that a type of the user's own assigns.
    public init<Assigner: CustomWindowAssigner<Element, Key>>(_ assigner: Assigner) {
        windows = .custom(isMerging: assigner.isMerging, summary: assigner.summary) {
            try assigner.windows(for: $0, key: $1, at: $2)
        }
    }

    /// Sessions whose gap each record says for itself.
    public static func sessions(
        _ gapOf: @escaping @Sendable (Element) throws -> Duration
    ) -> Windowing {
        Windowing(.sessions(gap: gapOf))
    }

    /// Windows that a type of the user's own assigns.
    public static func custom(
        _ assigner: some CustomWindowAssigner<Element, Key>
    ) -> Windowing {
        Windowing(assigner)
    }

    /// Windows by the clock.
    public static func processingTime(_ assigner: WindowAssigner) -> Windowing {
        var windowing = Windowing(assigner)
        windowing.domain = .processingTime
        return windowing
    }

    /// The assigner, where one hash table for each slice will do: each window fires once, for all keys
    /// at once, when the watermark passes its end.
    @inlinable public var sliced: WindowAssigner? {
        guard case .assigned(let assigner) = windows, assigner.isSliced, domain == .eventTime,
            trigger == nil, allowedLateness <= .zero
        else { return nil }
        return assigner
    }

    /// Whether a key's windows that overlap or touch become one.
    @inlinable public var isMerging: Bool {
        switch windows {
        case .assigned(let assigner): assigner.isMerging
        case .sessions: true
        case .custom(let isMerging, _, _): isMerging
        case .counted: false
        }
    }

    /// Whether accumulators are merged, so that an aggregate must be able to.
    @inlinable public var mergesAccumulators: Bool {
        switch windows {
        case .assigned(let assigner): assigner.isSliced ? !assigner.isTumbling : assigner.isMerging
        case .sessions: true
        case .custom(let isMerging, _, _): isMerging
        case .counted(let size, let slide): size != slide
        }
    }

    /// Whether the windows, or their trigger, look at the clock.
    @inlinable public var needsClock: Bool {
        domain == .processingTime || trigger?.needsClock == true
    }

    /// Whether windows close by the watermark, before the end of the input.
    public var needsWatermarks: Bool {
        guard domain == .eventTime else { return false }
        return switch windows {
        case .assigned(let assigner):
            assigner.kind != .global || trigger?.needsWatermarks == true
        case .sessions, .custom: true
        case .counted: false
        }
    }

    /// Appends the windows of a record, none of them twice.
    @inlinable func assign(
        _ record: Element, _ key: Key, at time: Timestamp,
        into assigned: inout ContiguousArray<Window>
    ) throws {
        switch windows {
        case .assigned(let assigner): assigner.assign(time, into: &assigned)
        case .sessions(let gapOf):
            let gap = try gapOf(record)
            guard gap >= .microseconds(1) else { throw WindowAssignmentError.gapNotPositive(gap) }
            assigned.append(Window(start: time, end: time + gap))
        case .custom(_, _, let assign):
            for window in try assign(record, key, time) where !assigned.contains(window) {
                guard window.end > window.start else {
                    throw WindowAssignmentError.emptyWindow(window)
                }
                assigned.append(window)
            }
        case .counted: return
        }
    }

    /// What makes the windows unusable, in words; empty when they are sound.
    public var problems: [String] {
        var found: [String] = []
        switch windows {
        case .assigned(let assigner): found += [assigner.problem].compactMap(\.self)
        case .counted(let size, let slide):
            if size < 1 { found.append("a window of \(size) records holds none") }
            if slide < 1 { found.append("a window every \(slide) records cannot be") }
            if trigger != nil {
                found.append("windows of a number of records emit when they are full; no trigger")
            }
        case .sessions, .custom: break
        }
        if allowedLateness < .zero {
            found.append("the allowed lateness is \(allowedLateness.spelledOut), less than none")
        }
        return found + (trigger?.problems ?? [])
    }

    /// What makes the windows unusable for a join.
    @usableFromInline var joinProblems: [String] {
        guard case .counted = windows else { return [] }
        return ["windows of a number of records cannot be joined: each stream counts its own"]
    }

    /// For the plan.
    public var summary: String {
        let windows =
            switch windows {
            case .assigned(let assigner): assigner.description
            case .sessions: "session, gap by record"
            case .custom(_, let summary, _): summary
            case .counted(let size, let slide):
                size == slide ? "\(size) records" : "\(size) records every \(slide)"
            }
        let parts = [
            windows, domain == .processingTime ? "processing time" : nil,
            allowedLateness > .zero ? "allowed lateness \(allowedLateness.spelledOut)" : nil,
            trigger?.summary, panes == .discarding ? "discarding" : nil,
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
