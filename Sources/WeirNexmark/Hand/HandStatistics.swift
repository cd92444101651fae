import Weir

/// Bids, bidders and auctions of a day, by rank of price.
struct HandDayStatistics: HandLoop {
    private struct Day {
        var bids = Numbers(), bidders = Numbers(), auctions = Numbers()
        /// For each bidder and auction, the ranks it has been seen in, a bit each.
        let bidderRanks = FlatTable<UInt8>()
        let auctionRanks = FlatTable<UInt8>()
        var emitted: DayStatistics?
        var isChanged = false
    }

    private struct Numbers {
        var all = 0
        var ranks = InlineArray<3, Int>(repeating: 0)

        var ranked: RankedNumbers { RankedNumbers(all: all, ranks: ranks) }

        @inline(__always) mutating func add(_ rank: Int, seen: inout UInt8) {
            if seen == 0 { all &+= 1 }
            if seen & 1 &<< rank == 0 { ranks[rank] &+= 1 }
            seen |= 1 &<< rank
        }
    }

    private var days: [Int: Day] = [:]
    /// The day of the last bid is kept out of the dictionary.
    private var day = Day()
    private var number = Int.min
    private var records = 0

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        let number = bid.dateTime.inMilliseconds / 86_400_000
        if number != self.number { change(to: number) }
        let rank = bid.rank
        day.bids.all &+= 1
        day.bids.ranks[rank] &+= 1
        day.bidderRanks.update(bid.bidder, initial: 0) { day.bidders.add(rank, seen: &$0) }
        day.auctionRanks.update(bid.auction, initial: 0) { day.auctions.add(rank, seen: &$0) }
        day.isChanged = true
        records &+= 1
        if records == 8_192 { emit(&output) }
    }

    private mutating func change(to next: Int) {
        if number != .min { days[number] = day }
        day = days.removeValue(forKey: next) ?? Day()
        number = next
    }

    private mutating func emit(_ output: inout HandOutput) {
        records = 0
        if number != .min { days[number] = day }
        for (number, day) in days where day.isChanged {
            let date = Timestamp(inMilliseconds: number * 86_400_000).iso8601Date
            let row = DayStatistics(
                day: date, bids: day.bids.ranked, bidders: day.bidders.ranked,
                auctions: day.auctions.ranked)
            if let old = day.emitted { output.retract(old) }
            output.add(row)
            days[number]?.emitted = row
            days[number]?.isChanged = false
        }
        if number != .min { day = days.removeValue(forKey: number) ?? Day() }
    }

    mutating func finish(_ output: inout HandOutput) { emit(&output) }
}

/// Bids and prices of an auction and day.
struct HandAuctionStatistics: HandLoop {
    private struct Statistics {
        var bids = 0
        var ranks = InlineArray<3, Int>(repeating: 0)
        var lowest = Int.max, highest = Int.min, total = 0
        var emitted: AuctionStatistics?
        var isChanged = false
    }

    private let statistics = FlatTable<Statistics>()
    private var changed: [Int] = []
    private var records = 0

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        guard case .bid(let bid) = event else { return }
        // Days since 1970 fit 16 bits for another century, and auctions the rest.
        let key = bid.auction &<< 16 | bid.dateTime.inMilliseconds / 86_400_000
        let isFirst = statistics.update(key, initial: Statistics()) { statistics in
            statistics.bids &+= 1
            statistics.ranks[bid.rank] &+= 1
            statistics.lowest = min(statistics.lowest, bid.price)
            statistics.highest = max(statistics.highest, bid.price)
            statistics.total &+= bid.price
            defer { statistics.isChanged = true }
            return !statistics.isChanged
        }
        if isFirst { changed.append(key) }
        records &+= 1
        if records == 8_192 { emit(&output) }
    }

    private mutating func emit(_ output: inout HandOutput) {
        records = 0
        for key in changed {
            statistics.updateIfPresent(key) { statistics in
                let day = Timestamp(inMilliseconds: (key & 0xffff) * 86_400_000).iso8601Date
                let row = AuctionStatistics(
                    auction: key &>> 16, day: day,
                    bids: RankedNumbers(all: statistics.bids, ranks: statistics.ranks),
                    lowest: statistics.lowest, highest: statistics.highest,
                    average: statistics.total / statistics.bids, total: statistics.total)
                if let old = statistics.emitted { output.retract(old) }
                output.add(row)
                statistics.emitted = row
                statistics.isChanged = false
            }
        }
        changed.removeAll(keepingCapacity: true)
    }

    mutating func finish(_ output: inout HandOutput) { emit(&output) }
}
