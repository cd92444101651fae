public import WeirCore

/// What an interval join puts out, as functions: which of them are there makes it inner, left, right,
/// full, semi or anti.
public struct JoinOutputs<Left: Sendable, Right: Sendable, Output>: Sendable {
    /// Makes the row of a pair; `nil`: pairs do not appear.
    public var pair: (@Sendable (Left, Right) throws -> Output)?
    /// Makes the row of a left record that has no partner.
    public var leftAlone: (@Sendable (Left) throws -> Output)?
    /// Makes the row of a right record that has no partner.
    public var rightAlone: (@Sendable (Right) throws -> Output)?
    /// Makes the row of a left record that has a partner, once, however many it has.
    public var leftMatched: (@Sendable (Left) throws -> Output)?

    /// Puts out what the functions make.
    @inlinable public init(
        pair: (@Sendable (Left, Right) throws -> Output)? = nil,
        leftAlone: (@Sendable (Left) throws -> Output)? = nil,
        rightAlone: (@Sendable (Right) throws -> Output)? = nil,
        leftMatched: (@Sendable (Left) throws -> Output)? = nil
    ) {
        self.pair = pair
        self.leftAlone = leftAlone
        self.rightAlone = rightAlone
        self.leftMatched = leftMatched
    }
}

/// What one side of an interval join does with its records, but for making
/// the rows of pairs.
@usableFromInline
struct IntervalRules<Own, Output> {
    /// Partners are at least that much later, microseconds.
    @usableFromInline let lower: Int64
    /// Partners are at most that much later: when the watermark has got there, no more can come.
    @usableFromInline let upper: Int64
    /// Whether pairs appear.
    @usableFromInline let hasPairs: Bool
    @usableFromInline let alone: ((Own) throws -> Output)?
    @usableFromInline let matched: ((Own) throws -> Output)?
    /// Whether records without a partner appear.
    @usableFromInline let hasAlone: Bool
    /// Whether it matters which records have had a partner.
    @usableFromInline let isTracked: Bool
    /// Whether a record is done with once it has a partner.
    @usableFromInline let isSettledByMatch: Bool

    @inlinable init(
        lower: Int64, upper: Int64, hasPairs: Bool, alone: ((Own) throws -> Output)?,
        matched: ((Own) throws -> Output)?
    ) {
        self.lower = lower
        self.upper = upper
        self.hasPairs = hasPairs
        self.alone = alone
        self.matched = matched
        hasAlone = alone != nil
        isTracked = alone != nil || matched != nil
        isSettledByMatch = isTracked && !hasPairs
    }

    /// When no more partners can come for a record of that time.
    @inlinable func expiry(_ time: Timestamp) -> Timestamp { time.advanced(byMicroseconds: upper) }

    /// The event time of a row of one record alone: the last point at which a partner could have come,
    /// and not before the record's own.
    @inlinable func rowTime(_ time: Timestamp) -> Timestamp { max(time, expiry(time)) }
}
