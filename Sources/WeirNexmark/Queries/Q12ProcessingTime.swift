import Weir

struct WindowedBids: NexmarkRow {
    var bidder: Int, bids: Int, window: Window

    func putFields(into row: inout RowWriter) {
        row.put(bidder)
        row.put(bids)
        row.put(window.start)
        row.put(window.end)
    }
}

extension NexmarkQuery {
    /// How many bids of a bidder are processed in each ten seconds of the machine's clock.
    static let q12 = NexmarkQuery("q12", "bids by processing time") { events in
        events.bids
            .keyed(by: \.bidder)
            .windowed(inProcessingTime: .tumbling(.seconds(10)))
            .aggregate(Count(), as: "bids") { bidder, window, bids in
                WindowedBids(bidder: bidder, bids: bids, window: window)
            }
    }

    /// ``q12`` by the bids' own times: what it computes, as a result that is the same in every run.
    static let q12e = NexmarkQuery("q12e", "bids by event time") { events in
        events.bids
            .keyed(by: \.bidder)
            .windowed(.tumbling(.seconds(10)), late: .drop)
            .aggregate(Count(), as: "bids") { bidder, window, bids in
                WindowedBids(bidder: bidder, bids: bids, window: window)
            }
    }
}
