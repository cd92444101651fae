import Weir

struct ChannelStatistics: NexmarkRow, Equatable {
    var channel: String, day: String, minute: String
    var bids: RankedNumbers, bidders: RankedNumbers, auctions: RankedNumbers

    func putFields(into row: inout RowWriter) {
        row.put(channel)
        row.put(day)
        row.put(minute)
        row.put(bids)
        row.put(bidders)
        row.put(auctions)
    }
}

extension NexmarkQuery {
    /// The numbers of q15 for each channel and day, and when the last bid came.
    static let q16 = NexmarkQuery("q16", "statistics by channel and day") { events in
        events.bids
            .keyed(by: \.channel) { $0.dateTime.floor(to: .days(1)) }
            .aggregate(
                ByRank(Count()), ByRank(ExactDistinctCount(\.bidder)),
                ByRank(ExactDistinctCount(\.auction)), Max(\.dateTime), keeping: .forever,
                as: "statistics"
            ) { key, bids, bidders, auctions, last in
                ChannelStatistics(
                    channel: key.first, day: key.second.iso8601Date,
                    minute: last?.iso8601Minute ?? "", bids: bids, bidders: bidders,
                    auctions: auctions)
            }
    }
}
