/// One of the results that a key's window gives: a window that fires more than once gives several.
///
/// Source of the term: Akidau et al., "The Dataflow Model", PVLDB 8(12), 2015.
public struct WindowPane: Hashable, Sendable, CustomStringConvertible {
    /// When a pane came, seen from the end of its window.
    public enum Timing: String, Hashable, Sendable, CaseIterable {
        /// Before the watermark passed the end of the window: a forecast.
        case early
        /// When the watermark passed it.
        case onTime
        /// After that, because of records that were late, but not too late.
        case late
    }

    /// When it came.
    public var timing: Timing
    /// The number of panes that the key and window gave before it. A session that others are merged
    /// into counts on from the highest of theirs.
    public var index: Int

    /// A pane of that timing, with that many before it.
    @inlinable public init(timing: Timing, index: Int) {
        self.timing = timing
        self.index = index
    }

    /// The only pane of a window that fires once, when it is complete.
    @inlinable public static var single: WindowPane { WindowPane(timing: .onTime, index: 0) }

    public var description: String { "\(timing.rawValue) \(index)" }
}

/// What the panes of one window are made of.
public enum PaneAccumulation: String, Hashable, Sendable, CaseIterable {
    /// Each pane is the result for all records of the window so far: it replaces the one before.
    case accumulating
    /// Each pane is the result for the records since the one before: together they are the window.
    case discarding
}

extension WindowPane: StateComposite {
    public static func stateCodec() throws -> StateCodec<WindowPane> {
        try .record(
            "WindowPane", StateField("timing") { $0.timing }, StateField("index") { $0.index }
        ) { WindowPane(timing: $0, index: $1) }
    }
}
