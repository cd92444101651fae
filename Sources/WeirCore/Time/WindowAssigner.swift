/// Which windows a record belongs to, by its time alone.
///
/// Tumbling, sliding and cumulative windows are cut into slices, the longest spans that no window
/// starts or ends inside, so that overlapping windows share what they have in common. Source: Traub
/// et al., "Scotty: Efficient Window Aggregation", ICDE 2018.
///
/// Times and spans: microseconds. Windows are aligned to the epoch plus the offset.
public struct WindowAssigner: Hashable, Sendable, CustomStringConvertible {
    /// The shapes of windows.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Windows of one size that start every so often: side by side, overlapping, or with gaps.
        case sliding
        /// Windows that start together and end a step after each other.
        case cumulative
        /// Windows that last as long as no pause is longer than a gap.
        case session
        /// One window for all time.
        case global
    }

    /// The shape of the windows.
    public let kind: Kind
    /// The length of a window; of cumulative windows, that of the longest; of sessions, the gap; of
    /// the global window, zero.
    public let size: Duration
    /// The distance from one window's start to the next, of cumulative windows from one's end to the
    /// next; the size, for windows side by side.
    public let slide: Duration
    /// How far the windows are shifted from the epoch.
    public let offset: Duration

    @usableFromInline let sizeMicroseconds: Int64
    @usableFromInline let slideMicroseconds: Int64
    @usableFromInline let offsetMicroseconds: Int64
    /// The width of a slice, in microseconds; without meaning where ``isSliced`` is `false`.
    public let sliceWidth: Int64

    /// Windows side by side: each record belongs to one.
    public static func tumbling(_ size: Duration, offset: Duration = .zero) -> WindowAssigner {
        WindowAssigner(.sliding, size: size, slide: size, offset: offset)
    }

    /// Windows of `size` that start every `slide`: a record belongs to `size / slide` of them,
    /// rounded up or down. Where `slide` is longer than `size`, there are gaps between windows, and
    /// records that fall into one are filtered.
    public static func sliding(
        _ size: Duration, every slide: Duration, offset: Duration = .zero
    ) -> WindowAssigner {
        WindowAssigner(.sliding, size: size, slide: slide, offset: offset)
    }

    /// Windows that grow: from each start, which come every `size`, one that ends after each further
    /// `step`, up to `size`. A day by the hour: the first hour, the first two hours, and so on.
    ///
    /// - Parameter step: Must divide `size`. Source: `CUMULATE` of Flink SQL.
    public static func cumulative(
        _ size: Duration, every step: Duration, offset: Duration = .zero
    ) -> WindowAssigner {
        WindowAssigner(.cumulative, size: size, slide: step, offset: offset)
    }

    /// Windows of activity: each key's records belong to one session as long as no pause between them
    /// is longer than `gap`. A session ends a gap after its last record. A pause of exactly the gap
    /// does not end it.
    public static func session(gap: Duration) -> WindowAssigner {
        WindowAssigner(.session, size: gap, slide: gap, offset: .zero)
    }

    /// One window for all of a key's records. It ends with the input, so that a trigger must say when
    /// it emits before that; its state stays till then.
    public static var global: WindowAssigner {
        WindowAssigner(.global, size: .zero, slide: .zero, offset: .zero)
    }

    private init(_ kind: Kind, size: Duration, slide: Duration, offset: Duration) {
        self.kind = kind
        self.size = size
        self.slide = slide
        self.offset = offset
        // A span that is not positive is refused by `problem`; it must only not trap before that.
        sizeMicroseconds = max(1, size.wholeMicroseconds)
        slideMicroseconds = max(1, slide.wholeMicroseconds)
        // Cumulative windows start every size.
        let period = kind == .cumulative ? sizeMicroseconds : slideMicroseconds
        let shift = offset.wholeMicroseconds % period
        offsetMicroseconds = shift < 0 ? shift + period : shift
        var (left, right) = (sizeMicroseconds, slideMicroseconds)
        while right != 0 { (left, right) = (right, left % right) }
        sliceWidth = left
    }

    /// What makes this assigner unusable, as the planner reports it; `nil` when it is sound.
    public var problem: String? {
        if kind == .global { return nil }
        let (sizeName, slideName) =
            switch kind {
            case .cumulative: ("the window's size", "the window's step")
            case .session: ("the session's gap", "the session's gap")
            case .sliding, .global: ("the window's size", "the window's slide")
            }
        if size < .microseconds(1) {
            return "\(sizeName) is \(size.spelledOut); it must be positive"
        }
        if slide < .microseconds(1) {
            return "\(slideName) is \(slide.spelledOut); it must be positive"
        }
        if size > .days(365_000) || slide > .days(365_000) {
            return "the window is longer than a thousand years"
        }
        if kind == .cumulative, sizeMicroseconds % slideMicroseconds != 0 {
            return "the step of \(slide.spelledOut) does not divide the window's size of "
                + size.spelledOut
        }
        return nil
    }

    /// Whether the windows are cut into slices.
    @inlinable public var isSliced: Bool { kind == .sliding || kind == .cumulative }

    /// Whether each record belongs to exactly one window, whose span its time alone decides.
    @inlinable public var isTumbling: Bool {
        isSliced && sizeMicroseconds == slideMicroseconds
    }

    /// Whether a key's windows are merged as its records come, so that aggregates must be mergeable.
    @inlinable public var isMerging: Bool { kind == .session }

    /// The start of the slice that contains `time`, saturating at the ends of time.
    @inlinable public func sliceStart(of time: Timestamp) -> Timestamp {
        time.advanced(byMicroseconds: -Self.into(time, width: sliceWidth, from: offsetMicroseconds))
    }

    /// The end of the slice that contains `time`, saturating at the ends of time.
    @inlinable public func sliceEnd(of time: Timestamp) -> Timestamp {
        let into = Self.into(time, width: sliceWidth, from: offsetMicroseconds)
        return time.advanced(byMicroseconds: sliceWidth &- into)
    }

    /// How far `time` is past the last point on the grid `origin + k · width`: 0 ..< width.
    @inlinable static func into(_ time: Timestamp, width: Int64, from origin: Int64) -> Int64 {
        // Remainders first, so that nothing overflows at the ends of time.
        let difference = (time.microseconds % width &- origin % width) % width
        return difference < 0 ? difference &+ width : difference
    }

    /// The end of the first window that ends after `time` on the grid of window ends.
    @inlinable public func firstWindowEnd(after time: Timestamp) -> Timestamp {
        // Ends lie at offset + size + k · slide.
        let into = Self.into(
            time, width: slideMicroseconds, from: offsetMicroseconds &+ sizeMicroseconds)
        return time.advanced(byMicroseconds: slideMicroseconds &- into)
    }

    /// The end of the last window that contains the slice starting at `sliceStart`; not after
    /// `sliceStart` where the slice lies in a gap between windows.
    @inlinable public func lastWindowEnd(ofSlice sliceStart: Timestamp) -> Timestamp {
        let period = kind == .cumulative ? sizeMicroseconds : slideMicroseconds
        let into = Self.into(sliceStart, width: period, from: offsetMicroseconds)
        return sliceStart.advanced(byMicroseconds: sizeMicroseconds &- into)
    }

    /// The window that ends at `end`.
    @inlinable public func window(endingAt end: Timestamp) -> Window {
        guard kind == .cumulative else {
            return Window(start: end.advanced(byMicroseconds: -sizeMicroseconds), end: end)
        }
        let last = end.advanced(byMicroseconds: -1)
        let into = Self.into(last, width: sizeMicroseconds, from: offsetMicroseconds)
        return Window(start: last.advanced(byMicroseconds: -into), end: end)
    }

    /// Appends the windows of a record of that time, the earliest end first; of a session, the one
    /// that the record alone would make.
    ///
    /// - Complexity: O(windows).
    @inlinable public func assign(_ time: Timestamp, into windows: inout ContiguousArray<Window>) {
        switch kind {
        case .global: windows.append(Window(start: .earliest, end: .latest))
        case .session:
            windows.append(
                Window(start: time, end: time.advanced(byMicroseconds: sizeMicroseconds)))
        case .sliding, .cumulative:
            let lastEnd = lastWindowEnd(ofSlice: sliceStart(of: time))
            var end = firstWindowEnd(after: time)
            while end <= lastEnd {
                windows.append(window(endingAt: end))
                // Where the ends of time make it saturate, the last window is that one.
                let next = end.advanced(byMicroseconds: slideMicroseconds)
                guard next > end else { break }
                end = next
            }
        }
    }

    public var description: String {
        let shifted = offset == .zero ? "" : ", offset \(offset.spelledOut)"
        return switch kind {
        case .global: "global"
        case .session: "session, gap \(size.spelledOut)"
        case .cumulative: "cumulative \(size.spelledOut) every \(slide.spelledOut)\(shifted)"
        case .sliding:
            isTumbling
                ? "tumbling \(size.spelledOut)\(shifted)"
                : "sliding \(size.spelledOut) every \(slide.spelledOut)\(shifted)"
        }
    }
}
