import Weir

/// A bid with the highest price of a window.
struct HighestBid: NexmarkRow {
    var bid: Bid, windowEnd: Timestamp

    func putFields(into row: inout RowWriter) {
        row.put(bid.auction)
        row.put(bid.price)
        row.put(bid.bidder)
        row.put(bid.dateTime)
        row.put(bid.extra)
    }
}

extension NexmarkQuery {
    /// The bids with the highest price of each ten seconds: those of the window itself, and those at
    /// its very end, which belong to the next one.
    static let q7 = NexmarkQuery("q7", "highest bid") { events in
        let bids = events.bids
        let highest =
            bids
            .keyed { _ in true }
            .windowed(.tumbling(.seconds(10)), late: .drop)
            .aggregate(MaxBy(\.price), as: "highest-price")
            .flatMap { highest in
                highest.value.map { HighestBid(bid: $0, windowEnd: highest.window.end) }
            }
        // A window's results have its last microsecond as their time.
        let atEnd =
            bids
            .filter { $0.dateTime == $0.dateTime.floor(to: .seconds(10)) }
            .keyed(by: \.dateTime, \.price)
            .semiJoined(
                with: highest.keyed(by: \.windowEnd, \.bid.price),
                within: .microseconds(-1) ... .zero, late: .drop, as: "at-the-end"
            )
            .map { HighestBid(bid: $0, windowEnd: $0.dateTime) }
        return highest.union(atEnd)
    }
}

extension HighestBid: StateComposite {
    static func stateCodec() throws -> StateCodec<HighestBid> {
        try .record(
            "HighestBid", StateField("bid") { $0.bid }, StateField("windowEnd") { $0.windowEnd }
        ) { HighestBid(bid: $0, windowEnd: $1) }
    }
}
