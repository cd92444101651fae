import Weir

struct DayStatistics: NexmarkRow, Equatable {
    var day: String, bids: RankedNumbers, bidders: RankedNumbers, auctions: RankedNumbers

    func putFields(into row: inout RowWriter) {
        row.put(day)
        row.put(bids)
        row.put(bidders)
        row.put(auctions)
    }
}

extension DayStatistics: StateComposite {
    static func stateCodec() throws -> StateCodec<DayStatistics> {
        try .record(
            "DayStatistics", StateField("day") { $0.day },
            StateField("bids") { $0.bids },
            StateField("bidders") { $0.bidders },
            StateField("auctions") { $0.auctions }
        ) { DayStatistics(day: $0, bids: $1, bidders: $2, auctions: $3) }
    }
}

extension NexmarkQuery {
    /// Bids, different bidders and different auctions of each day, by rank of price.
    static let q15 = NexmarkQuery("q15", "statistics by day") { events in
        events.bids
            .keyed { $0.dateTime.floor(to: .days(1)) }
            .aggregate(
                ByRank(Count()), ByRank(ExactDistinctCount(\.bidder)),
                ByRank(ExactDistinctCount(\.auction)), keeping: .forever, as: "statistics"
            ) { day, bids, bidders, auctions in
                DayStatistics(
                    day: day.iso8601Date, bids: bids, bidders: bidders, auctions: auctions)
            }
    }
}
