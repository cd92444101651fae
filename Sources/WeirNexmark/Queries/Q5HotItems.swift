import Weir

struct HotItem: NexmarkRow {
    var auction: Int, bids: Int

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(bids)
    }
}

extension NexmarkQuery {
    /// The auctions with the most bids in the last ten seconds, every two seconds.
    static let q5 = NexmarkQuery("q5", "hot items") { events in
        events.bids
            .keyed(by: \.auction)
            .windowed(.sliding(.seconds(10), every: .seconds(2)), late: .drop)
            .aggregate(Count(), as: "bids-per-auction")
            .keyed(by: \.window)
            .windowed(.tumbling(.seconds(2)), late: .drop)
            .aggregate(MaxBy(\.value), as: "hottest") { _, _, hottest in hottest }
            .flatMap { hottest in
                hottest.map { HotItem(auction: $0.key, bids: $0.value) }
            }
    }
}
