import Weir

struct BidderSession: NexmarkRow {
    var bidder: Int, bids: Int, start: Timestamp, end: Timestamp

    func putFields(into row: inout RowWriter) {
        row.put(bidder)
        row.put(bids)
        row.put(start)
        row.put(end)
    }
}

extension NexmarkQuery {
    /// How many bids a bidder makes in one go, until a pause of more than ten seconds.
    static let q11 = NexmarkQuery("q11", "user sessions") { events in
        events.bids
            .keyed(by: \.bidder)
            .windowed(.session(gap: .seconds(10)), late: .drop)
            .aggregate(Count(), as: "sessions") { bidder, session, bids in
                BidderSession(bidder: bidder, bids: bids, start: session.start, end: session.end)
            }
    }
}
