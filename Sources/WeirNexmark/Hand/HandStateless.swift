struct HandPassThrough: HandLoop {
    @inline(__always) func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        output.add(
            BidRow(
                auction: bid.auction, bidder: bid.bidder, price: bid.price,
                dateTime: bid.dateTime, extra: bid.extra))
    }
}

struct HandCurrency: HandLoop {
    @inline(__always) func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        output.add(
            EuroBid(
                auction: bid.auction, bidder: bid.bidder, price: Thousandths(bid.price * 908),
                dateTime: bid.dateTime, extra: bid.extra))
    }
}

struct HandSelection: HandLoop {
    @inline(__always) func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event, bid.auction % 123 == 0 else { return }
        output.add(SelectedBid(auction: bid.auction, price: bid.price))
    }
}
