/// How long an operator keeps what it knows of a key or a record that nothing has renewed.
///
/// Operators whose state has no window to bound it ask for this; there is no default, so that a
/// reader of the job sees where state grows with the number of keys, and where it is forgotten.
public enum StateRetention: Hashable, Sendable, CustomStringConvertible {
    /// Until something in the data ends it. Nothing is lost; memory grows with the number of keys.
    case forever
    /// For that span of event time: gone once the watermark has passed it, and not seen from the
    /// first record on whose own event time lies beyond it.
    case `for`(Duration)
    /// For that span of processing time.
    case forProcessingTime(Duration)

    /// The span; `nil` for ``forever``.
    @inlinable public var span: Duration? {
        switch self {
        case .forever: nil
        case .for(let span), .forProcessingTime(let span): span
        }
    }

    /// Whether the span is one of event time, so that watermarks are needed for state to go.
    @inlinable public var needsWatermarks: Bool {
        if case .for = self { true } else { false }
    }

    /// What makes it unusable; `nil` when nothing does.
    public var problem: String? {
        guard let span, span.wholeMicroseconds < 1 else { return nil }
        return "its state would be kept for \(span.spelledOut), which is no time at all"
    }

    public var description: String {
        switch self {
        case .forever: "forever"
        case .for(let span): "for \(span.spelledOut)"
        case .forProcessingTime(let span): "for \(span.spelledOut) of processing time"
        }
    }
}
