import Weir

struct SelectedBid: NexmarkRow {
    var auction: Int, price: Int

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(price)
    }
}

extension NexmarkQuery {
    /// The bids on some auctions: what a filter costs.
    static let q2 = NexmarkQuery("q2", "selection") { events in
        events.bids
            .filter { $0.auction % 123 == 0 }
            .map { SelectedBid(auction: $0.auction, price: $0.price) }
    }
}
