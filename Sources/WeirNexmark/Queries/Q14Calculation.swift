import Weir

struct CalculatedBid: NexmarkRow {
    var auction: Int, bidder: Int, price: Thousandths, timeType: String, dateTime: Timestamp
    var extra: UTF8String, count: Int

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(bidder)
        row.put(price)
        row.put(timeType)
        row.put(dateTime)
        row.put(extra)
        row.put(count)
    }
}

/// Whether a bid came by day, by night, or in between, in UTC.
func bidTimeType(_ time: Timestamp) -> String {
    switch (time - time.floor(to: .days(1))).wholeMicroseconds / 3_600_000_000 {
    case 8...18: "dayTime"
    case ...6, 20...: "nightTime"
    default: "otherTime"
    }
}

extension NexmarkQuery {
    /// The bids in a range of prices, with values computed from them.
    static let q14 = NexmarkQuery("q14", "calculation") { events in
        events.bids
            .filter { $0.price * 908 > 1_000_000_000 && $0.price * 908 < 50_000_000_000 }
            .map { bid in
                CalculatedBid(
                    auction: bid.auction, bidder: bid.bidder, price: Thousandths(bid.price * 908),
                    timeType: bidTimeType(bid.dateTime), dateTime: bid.dateTime, extra: bid.extra,
                    count: bid.extra.utf8.count { $0 == UInt8(ascii: "c") })
            }
    }
}
