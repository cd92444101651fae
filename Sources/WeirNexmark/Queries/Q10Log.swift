import Weir

struct LoggedBid: NexmarkRow {
    var bid: Bid, day: String, minute: String

    func putFields(into row: inout RowWriter) {
        row.put(bid.auction)
        row.put(bid.bidder)
        row.put(bid.price)
        row.put(bid.dateTime)
        row.put(bid.extra)
        row.put(day)
        row.put(minute)
    }
}

extension NexmarkQuery {
    /// Every bid, with the day and the minute that a log would file it under.
    static let q10 = NexmarkQuery("q10", "log, by day and minute") { events in
        events.bids.map {
            LoggedBid(bid: $0, day: $0.dateTime.iso8601Date, minute: $0.dateTime.iso8601Minute)
        }
    }
}
