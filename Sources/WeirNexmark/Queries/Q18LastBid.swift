import Weir

extension NexmarkQuery {
    /// The last bid of each bidder on each auction.
    static let q18 = NexmarkQuery("q18", "last bid") { events in
        events.bids
            .keyed(by: \.bidder, \.auction)
            .deduplicated(lastBy: \.dateTime, ties: \.index, keeping: .forever, as: "last-bid")
            .mapValues(FullBid.init)
    }
}
