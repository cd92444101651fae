import Weir

/// A bid with all that is known of its auction.
struct ExpandedBid: NexmarkRow {
    var bid: Bid, auction: Auction

    func putFields(into row: inout RowWriter) {
        FullBid(bid: bid).putFields(into: &row)
        row.put(auction.itemName)
        row.put(auction.description)
        row.put(auction.initialBid)
        row.put(auction.reserve)
        row.put(auction.dateTime)
        row.put(auction.expires)
        row.put(auction.seller)
        row.put(auction.category)
        row.put(auction.extra)
    }
}

extension NexmarkQuery {
    /// Every bid on an auction of a category with its auction, whichever comes first.
    static let q20 = NexmarkQuery("q20", "bids with their auctions") { events in
        let auctions = events.auctions.filter { $0.category == 10 }
        return events.bids.keyed(by: \.auction)
            .joined(with: auctions.keyed(by: \.id), keeping: .forever, as: "auctions") {
                ExpandedBid(bid: $0, auction: $1)
            }
    }
}
