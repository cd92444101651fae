import Weir

/// An auction with the best of its valid bids.
struct WinningBid: NexmarkRow, Equatable, StateComposite {
    var auction: Auction, bid: Bid

    static func stateCodec() throws -> StateCodec<WinningBid> {
        try .record(
            "WinningBid", StateField("auction") { $0.auction }, StateField("bid") { $0.bid }
        ) { WinningBid(auction: $0, bid: $1) }
    }

    func putFields(into row: inout RowWriter) {
        row.put(auction.id)
        row.put(auction.itemName)
        row.put(auction.description)
        row.put(auction.initialBid)
        row.put(auction.reserve)
        row.put(auction.dateTime)
        row.put(auction.expires)
        row.put(auction.seller)
        row.put(auction.category)
        row.put(auction.extra)
        row.put(bid.auction)
        row.put(bid.bidder)
        row.put(bid.price)
        row.put(bid.dateTime)
        row.put(bid.extra)
    }
}

extension NexmarkQuery {
    /// The winning bid of each auction: the highest valid one, of equal ones the earliest.
    static let q9 = NexmarkQuery("q9", "winning bids") { events in
        events.valid(events.bids, WinningBid.init)
            .keyed(by: \.auction.id)
            .topN(1, by: \.bid.price, ties: \.bid.index, keeping: .forever, as: "winning-bid")
    }
}
