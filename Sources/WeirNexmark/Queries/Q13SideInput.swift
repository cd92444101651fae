import Weir

/// A row of the small table.
struct SideRow {
    var key: Int, value: String
}

struct EnrichedBid: NexmarkRow {
    var auction: Int, bidder: Int, price: Int, dateTime: Timestamp, value: String

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(bidder)
        row.put(price)
        row.put(dateTime)
        row.put(value)
    }
}

extension NexmarkQuery {
    /// Every bid with its row of a small table.
    static let q13 = NexmarkQuery("q13", "bounded side input") { events in
        let table = CollectionSource((0..<10_000).map { SideRow(key: $0, value: "\($0)") })
        return events.bids
            .enriched(from: table, by: \.key, matching: { $0.auction % 10_000 }, as: "side") {
                bid, row in
                row.map {
                    EnrichedBid(
                        auction: bid.auction, bidder: bid.bidder, price: bid.price,
                        dateTime: bid.dateTime, value: $0.value)
                }
            }
            .compactMap { $0 }
    }
}
