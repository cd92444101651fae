import Weir

/// What most queries put out of a bid.
struct BidRow: NexmarkRow {
    var auction: Int, bidder: Int, price: Int, dateTime: Timestamp, extra: UTF8String

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(bidder)
        row.put(price)
        row.put(dateTime)
        row.put(extra)
    }
}

extension NexmarkQuery {
    /// Every bid, as it is: what the source and the sink cost.
    static let q0 = NexmarkQuery("q0", "pass-through") { events in
        events.bids.map {
            BidRow(
                auction: $0.auction, bidder: $0.bidder, price: $0.price, dateTime: $0.dateTime,
                extra: $0.extra)
        }
    }
}
