/// A point in time: whole microseconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
///
/// Used on either clock: event time (when something happened) and processing time (when it is
/// handled). Arithmetic with `Duration` saturates at ``earliest`` and ``latest`` instead of
/// trapping, so that a record with an absurd time can be judged late but cannot stop a job.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Microseconds since 1970; negative before.
    public var microseconds: Int64

    /// Creates the point `microseconds` after the start of 1970 UTC.
    @inlinable public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Creates the point `seconds` after the start of 1970 UTC, saturating.
    @inlinable public init(seconds: Int64) { self.init(seconds, scaledBy: 1_000_000) }

    /// Creates the point `milliseconds` after the start of 1970 UTC, saturating.
    @inlinable public init(milliseconds: Int64) { self.init(milliseconds, scaledBy: 1_000) }

    @inlinable init(_ count: Int64, scaledBy factor: Int64) {
        let (scaled, overflow) = count.multipliedReportingOverflow(by: factor)
        self.init(microseconds: overflow ? (count < 0 ? .min : .max) : scaled)
    }

    /// 1970-01-01T00:00:00Z.
    @inlinable public static var epoch: Timestamp { Timestamp(microseconds: 0) }
    /// Before every other point: the watermark of an input that has promised nothing.
    @inlinable public static var earliest: Timestamp { Timestamp(microseconds: .min) }
    /// After every other point: the watermark of an input that has ended.
    @inlinable public static var latest: Timestamp { Timestamp(microseconds: .max) }

    @inlinable public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// The point `span` later, saturating.
    @inlinable public static func + (time: Timestamp, span: Duration) -> Timestamp {
        time.advanced(byMicroseconds: span.wholeMicroseconds)
    }

    /// The point `span` earlier, saturating.
    @inlinable public static func - (time: Timestamp, span: Duration) -> Timestamp {
        let (moved, overflow) = time.microseconds.subtractingReportingOverflow(
            span.wholeMicroseconds)
        guard overflow else { return Timestamp(microseconds: moved) }
        return span < .zero ? .latest : .earliest
    }

    /// The span from `right` to `left`, saturating at the range of microseconds.
    @inlinable public static func - (left: Timestamp, right: Timestamp) -> Duration {
        let (span, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        guard overflow else { return .microseconds(span) }
        return .microseconds(left < right ? Int64.min : Int64.max)
    }

    /// The point `span` microseconds later, saturating.
    @inlinable public func advanced(byMicroseconds span: Int64) -> Timestamp {
        let (moved, overflow) = microseconds.addingReportingOverflow(span)
        guard overflow else { return Timestamp(microseconds: moved) }
        return span < 0 ? .earliest : .latest
    }

    /// The start of the interval of length `span` that contains this point, intervals counted
    /// from the epoch: `floor(to: .hours(1))` is the hour it belongs to. Rounds down before 1970 too.
    ///
    /// - Precondition: `span` is at least one microsecond.
    @inlinable @inline(__always) public func floor(to span: Duration) -> Timestamp {
        let width = span.wholeMicroseconds
        precondition(width > 0, "Timestamp.floor(to:) needs a positive span, not \(span)")
        let remainder = microseconds % width
        let down = remainder < 0 ? remainder + width : remainder
        return advanced(byMicroseconds: -down)
    }
}

extension Duration {
    /// This span in microseconds, rounded toward zero, saturating at the range of `Int64`.
    @inlinable @inline(__always) public var wholeMicroseconds: Int64 {
        // Functions of a record name spans, so this runs for each. A microsecond is 2¹² · 5¹² attoseconds: a
        // shift and one division, where `components` takes several of 128 bits.
        let all = attoseconds
        let high = UInt64(truncatingIfNeeded: all &>> 64)
        let divisor: UInt64 = 244_140_625
        if all >= 0, high &>> 12 < divisor {
            let shifted = UInt64(truncatingIfNeeded: all &>> 12)
            let (quotient, _) = divisor.dividingFullWidth((high &>> 12, shifted))
            if quotient <= UInt64(Int64.max) { return Int64(quotient) }
        }
        return wholeMicrosecondsOfAny
    }

    /// The same for a span of any sign and length.
    @usableFromInline var wholeMicrosecondsOfAny: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// A span of `minutes`, saturating at the range of `Int64` seconds.
    @inlinable public static func minutes(_ minutes: Int64) -> Duration {
        seconds(minutes, scaledBy: 60)
    }
    /// A span of `hours`, saturating at the range of `Int64` seconds.
    @inlinable public static func hours(_ hours: Int64) -> Duration {
        seconds(hours, scaledBy: 3_600)
    }
    /// A span of `days` of 24 hours, saturating at the range of `Int64` seconds.
    @inlinable public static func days(_ days: Int64) -> Duration {
        seconds(days, scaledBy: 86_400)
    }

    // The count may be a field of a record, which must not be able to stop the program.
    @inlinable static func seconds(_ count: Int64, scaledBy factor: Int64) -> Duration {
        let (scaled, overflow) = count.multipliedReportingOverflow(by: factor)
        return .seconds(overflow ? (count < 0 ? Int64.min : Int64.max) : scaled)
    }
}
