import Weir

struct RankedBid: NexmarkRow, Equatable {
    var bid: FullBid, rank: Int

    func putFields(into row: inout RowWriter) {
        bid.putFields(into: &row)
        row.put(rank)
    }
}

extension NexmarkQuery {
    /// The ten highest bids on each auction.
    static let q19 = NexmarkQuery("q19", "top ten bids") { events in
        events.bids
            .keyed(by: \.auction)
            .topN(10, by: \.price, ties: \.index, keeping: .forever, as: "top-bids")
            .mapValues { key, bid in RankedBid(bid: FullBid(bid: bid), rank: key.rank) }
    }
}
