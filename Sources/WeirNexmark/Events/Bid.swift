public import Weir

/// An offer for what an auction sells.
public struct Bid: Hashable, Sendable {
    /// The index of the event, which decides between bids that are equal in all that counts.
    public var index: Int
    /// The ``Auction/id``, which may come later.
    public var auction: Int
    /// From 2000 upwards: the ``Person/id`` and a thousand.
    public var bidder: Int
    /// In cents.
    public var price: Int
    /// Where the bid came from: `Google`, `channel-17`.
    public var channel: UTF8String
    /// The page, with the channel's id in most cases.
    public var url: UTF8String
    /// Event time, whole milliseconds.
    public var dateTime: Timestamp
    /// Filler that brings the record to about 100 bytes.
    public var extra: UTF8String
}
