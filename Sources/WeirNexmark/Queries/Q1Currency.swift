import Weir

struct EuroBid: NexmarkRow {
    var auction: Int, bidder: Int, price: Thousandths, dateTime: Timestamp, extra: UTF8String

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(bidder)
        row.put(price)
        row.put(dateTime)
        row.put(extra)
    }
}

extension NexmarkQuery {
    /// Every bid, its price in another currency: what a map costs.
    static let q1 = NexmarkQuery("q1", "currency conversion") { events in
        events.bids.map {
            EuroBid(
                auction: $0.auction, bidder: $0.bidder, price: Thousandths($0.price * 908),
                dateTime: $0.dateTime, extra: $0.extra)
        }
    }
}
