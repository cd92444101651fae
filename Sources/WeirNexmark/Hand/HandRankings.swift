/// The last bid of each bidder on each auction.
struct HandLastBid: HandLoop {
    private struct Last {
        var bid: Bid
        var emitted: Bid?
        var isChanged: Bool
    }

    private let bids = FlatTable<Last>()
    private var changed: [Int] = []
    private var records = 0

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        let key = bid.bidder &<< 32 | bid.auction
        let isFirst = bids.update(key, initial: Last(bid: bid, isChanged: false)) { last in
            // The events come in order of time and index: this one is the last.
            last.bid = bid
            defer { last.isChanged = true }
            return !last.isChanged
        }
        if isFirst { changed.append(key) }
        records &+= 1
        if records == 8_192 { emit(&output) }
    }

    private mutating func emit(_ output: inout HandOutput) {
        records = 0
        for key in changed {
            bids.updateIfPresent(key) { last in
                if let old = last.emitted { output.retract(FullBid(bid: old)) }
                output.add(FullBid(bid: last.bid))
                last.emitted = last.bid
                last.isChanged = false
            }
        }
        changed.removeAll(keepingCapacity: true)
    }

    mutating func finish(_ output: inout HandOutput) { emit(&output) }
}

/// The ten highest bids on each auction.
struct HandTopBids: HandLoop {
    private struct Ranking {
        var bids: [Bid] = []
        var emitted: [Bid] = []
        var isChanged = false
    }

    private static let limit = 10
    private let rankings = FlatTable<Ranking>()
    private var changed: [Int] = []
    private var records = 0

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        let isFirst = rankings.update(bid.auction, initial: Ranking()) { ranking in
            if let last = ranking.bids.last, ranking.bids.count == Self.limit,
                last.price >= bid.price
            {
                return false
            }
            var place = ranking.bids.count
            while place > 0, ranking.bids[place - 1].price < bid.price { place -= 1 }
            if ranking.bids.count == Self.limit { ranking.bids.removeLast() }
            ranking.bids.insert(bid, at: place)
            defer { ranking.isChanged = true }
            return !ranking.isChanged
        }
        if isFirst { changed.append(bid.auction) }
        records &+= 1
        if records == 8_192 { emit(&output) }
    }

    private mutating func emit(_ output: inout HandOutput) {
        records = 0
        for auction in changed {
            rankings.updateIfPresent(auction) { ranking in
                for place in ranking.bids.indices {
                    let bid = ranking.bids[place]
                    if place < ranking.emitted.count {
                        let old = ranking.emitted[place]
                        if old.index == bid.index { continue }
                        output.retract(RankedBid(bid: FullBid(bid: old), rank: place + 1))
                    }
                    output.add(RankedBid(bid: FullBid(bid: bid), rank: place + 1))
                }
                ranking.emitted = ranking.bids
                ranking.isChanged = false
            }
        }
        changed.removeAll(keepingCapacity: true)
    }

    mutating func finish(_ output: inout HandOutput) { emit(&output) }
}
