public import Weir

/// Something for sale, to the highest bidder.
public struct Auction: Hashable, Sendable {
    /// From 1000 upwards.
    public var id: Int
    /// Up to 19 letters and spaces.
    public var itemName: UTF8String
    /// Up to 99 letters and spaces.
    public var description: UTF8String
    /// The least that may be bid, in cents; nothing holds bids to it.
    public var initialBid: Int
    /// The least that the seller wants, in cents; nothing holds winners to it.
    public var reserve: Int
    /// When the auction was opened: event time, whole milliseconds.
    public var dateTime: Timestamp
    /// The last point at which bids are valid.
    public var expires: Timestamp
    /// The ``Person/id`` of the seller, who may come later, or never.
    public var seller: Int
    /// From 10 to 14.
    public var category: Int
    /// Filler that brings the record to about 500 bytes.
    public var extra: UTF8String

    /// The longest time that an auction is open: twice the span of 1,666 events, and a millisecond.
    public static let longestOpening = Duration.milliseconds(334)

    /// Whether a bid at `time` is valid.
    public func isOpen(at time: Timestamp) -> Bool { dateTime <= time && time <= expires }
}
