import Weir

struct AuctionStatistics: NexmarkRow, Equatable {
    var auction: Int, day: String, bids: RankedNumbers
    var lowest: Int, highest: Int, average: Int, total: Int

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(day)
        row.put(bids)
        row.put(lowest)
        row.put(highest)
        row.put(average)
        row.put(total)
    }
}

extension AuctionStatistics: StateComposite {
    static func stateCodec() throws -> StateCodec<AuctionStatistics> {
        try .record(
            "AuctionStatistics", StateField("auction") { $0.auction },
            StateField("day") { $0.day },
            StateField("bids") { $0.bids },
            StateField("prices") { ($0.lowest, $0.highest, $0.average, $0.total) }
        ) { auction, day, bids, prices in
            AuctionStatistics(
                auction: auction, day: day, bids: bids, lowest: prices.0, highest: prices.1,
                average: prices.2, total: prices.3)
        }
    }
}

extension NexmarkQuery {
    /// Bids and prices of each auction and day.
    static let q17 = NexmarkQuery("q17", "statistics by auction and day") { events in
        events.bids
            .keyed(by: \.auction) { $0.dateTime.floor(to: .days(1)) }
            .aggregate(
                ByRank(Count()), Min(\.price), Max(\.price), Sum(\.price), keeping: .forever,
                as: "statistics"
            ) { key, bids, lowest, highest, total in
                AuctionStatistics(
                    auction: key.first, day: key.second.iso8601Date, bids: bids,
                    lowest: lowest ?? 0, highest: highest ?? 0, average: total / bids.all,
                    total: total)
            }
    }
}
