import Weir

struct ChannelStatistics: NexmarkRow, Equatable {
    var channel: UTF8String, day: String, minute: String
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

extension ChannelStatistics: StateComposite {
    static func stateCodec() throws -> StateCodec<ChannelStatistics> {
        try .record(
            "ChannelStatistics", StateField("channel") { $0.channel },
            StateField("day") { $0.day },
            StateField("minute") { $0.minute },
            StateField("bids") { $0.bids },
            StateField("bidders") { $0.bidders },
            StateField("auctions") { $0.auctions }
        ) {
            ChannelStatistics(
                channel: $0, day: $1, minute: $2, bids: $3, bidders: $4, auctions: $5)
        }
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
