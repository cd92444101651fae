/// Which windows a record belongs to: fixed-size windows that start every so often.
///
/// Windows are cut into slices, the longest spans that no window starts or ends inside (their width
/// is the greatest common divisor of size and slide), so that overlapping windows share what they
/// have in common. Source: Traub et al., "Scotty: Efficient Window Aggregation", ICDE 2018.
///
/// Times and spans: event time, microseconds. Windows are aligned to the epoch plus the offset.
public struct WindowAssigner: Hashable, Sendable, CustomStringConvertible {
    /// The length of a window.
    public let size: Duration
    /// The distance from one window's start to the next; the size, for windows side by side.
    public let slide: Duration
    /// How far the windows are shifted from the epoch.
    public let offset: Duration

    @usableFromInline let sizeMicroseconds: Int64
    @usableFromInline let slideMicroseconds: Int64
    @usableFromInline let offsetMicroseconds: Int64
    /// The width of a slice, in microseconds.
    public let sliceWidth: Int64

    /// Windows side by side: each record belongs to one.
    public static func tumbling(_ size: Duration, offset: Duration = .zero) -> WindowAssigner {
        WindowAssigner(size: size, slide: size, offset: offset)
    }

    /// Windows of `size` that start every `slide`: a record belongs to `size / slide` of them,
    /// rounded up or down. Where `slide` is longer than `size`, there are gaps between windows, and
    /// records that fall into one are filtered.
    public static func sliding(
        _ size: Duration, every slide: Duration, offset: Duration = .zero
    ) -> WindowAssigner {
        WindowAssigner(size: size, slide: slide, offset: offset)
    }

    private init(size: Duration, slide: Duration, offset: Duration) {
        self.size = size
        self.slide = slide
        self.offset = offset
        // A span that is not positive is refused by `problem`; it must only not trap before that.
        sizeMicroseconds = max(1, size.wholeMicroseconds)
        slideMicroseconds = max(1, slide.wholeMicroseconds)
        let shift = offset.wholeMicroseconds % slideMicroseconds
        offsetMicroseconds = shift < 0 ? shift + slideMicroseconds : shift
        var (left, right) = (sizeMicroseconds, slideMicroseconds)
        while right != 0 { (left, right) = (right, left % right) }
        sliceWidth = left
    }

    /// What makes this assigner unusable, as the planner reports it; `nil` when it is sound.
    public var problem: String? {
        if size < .microseconds(1) {
            return "the window's size is \(size.spelledOut); it must be positive"
        }
        if slide < .microseconds(1) {
            return "the window's slide is \(slide.spelledOut); it must be positive"
        }
        if size > .days(365_000) || slide > .days(365_000) {
            return "the window is longer than a thousand years"
        }
        return nil
    }

    /// Whether each record belongs to exactly one window.
    @inlinable public var isTumbling: Bool { sizeMicroseconds == slideMicroseconds }

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
        let into = Self.into(sliceStart, width: slideMicroseconds, from: offsetMicroseconds)
        return sliceStart.advanced(byMicroseconds: sizeMicroseconds &- into)
    }

    /// The window that ends at `end`.
    @inlinable public func window(endingAt end: Timestamp) -> Window {
        Window(start: end.advanced(byMicroseconds: -sizeMicroseconds), end: end)
    }

    public var description: String {
        let shifted = offset == .zero ? "" : ", offset \(offset.spelledOut)"
        return isTumbling
            ? "tumbling \(size.spelledOut)\(shifted)"
            : "sliding \(size.spelledOut) every \(slide.spelledOut)\(shifted)"
    }
}
