/// A span of event time: from `start`, inclusive, to `end`, exclusive.
public struct Window: Hashable, Comparable, Sendable {
    /// The first point in the window.
    public var start: Timestamp
    /// The first point after the window.
    public var end: Timestamp

    /// The span from `start`, inclusive, to `end`, exclusive.
    @inlinable public init(start: Timestamp, end: Timestamp) {
        self.start = start
        self.end = end
    }

    /// The last point in the window, which is the event time of its results: a window over results
    /// then puts them where their records were.
    @inlinable public var lastTimestamp: Timestamp { end.advanced(byMicroseconds: -1) }

    /// Windows are ordered by their end, then their start.
    @inlinable public static func < (left: Window, right: Window) -> Bool {
        (left.end, left.start) < (right.end, right.start)
    }
}

extension Window: StreamKey {
    @inlinable public func hash(into hasher: inout StableHasher) {
        start.hash(into: &hasher)
        end.hash(into: &hasher)
    }
}

extension Window: StateValue {
    public static var stateShape: StateShape {
        .record(
            "Window", [StateShape.Field("start", .timestamp), StateShape.Field("end", .timestamp)])
    }
    @inlinable public func write(to output: inout StateWriter) {
        start.write(to: &output)
        end.write(to: &output)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> Window {
        Window(start: try Timestamp.read(from: &input), end: try Timestamp.read(from: &input))
    }
}
