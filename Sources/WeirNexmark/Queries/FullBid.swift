import Weir

/// A bid with its channel and page.
struct FullBid: NexmarkRow, Equatable {
    var bid: Bid

    func putFields(into row: inout RowWriter) {
        row.put(bid.auction)
        row.put(bid.bidder)
        row.put(bid.price)
        row.put(bid.channel)
        row.put(bid.url)
        row.put(bid.dateTime)
        row.put(bid.extra)
    }
}
