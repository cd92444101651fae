import Weir

/// A valid bid, with what its auction's seller is judged by; ordered as the sales of a seller are.
struct Sale: Record, Comparable {
    var auction = 0, seller = 0, price = 0, dateTime = Timestamp.epoch, index = 0

    static let schema = Schema({ Sale() }) {
        Field("auction", \.auction)
        Field("seller", \.seller)
        Field("price", \.price)
        Field("dateTime", \.dateTime)
        Field("index", \.index)
    }

    static func < (left: Sale, right: Sale) -> Bool {
        (left.dateTime, left.auction) < (right.dateTime, right.auction)
    }
}

struct SellerPrice: NexmarkRow, Equatable {
    var seller: Int, average: Int

    func putFields(into row: inout RowWriter) {
        row.put(seller)
        row.put(average)
    }
}

extension SellerPrice: Record {
    static let schema = Schema({ SellerPrice(seller: 0, average: 0) }) {
        Field("seller", \.seller)
        Field("average", \.average)
    }
}

/// For each of a seller's sales, the average of it and the ten before it.
func averages(of sales: [Sale]) -> [SellerPrice] {
    sales.indices.map { last in
        let counted = sales[max(0, last - 10)...last]
        let total = counted.reduce(0) { $0 + $1.price }
        return SellerPrice(seller: sales[last].seller, average: total / counted.count)
    }
}

extension NexmarkQuery {
    /// The average price of a seller's last eleven sales, at each sale.
    static let q6 = NexmarkQuery("q6", "average price by seller") { events in
        events.valid(events.bids.map { PricedBid($0) }) { auction, bid in
            Sale(
                auction: auction.id, seller: auction.seller, price: bid.price,
                dateTime: bid.dateTime, index: bid.index)
        }
        .keyed(by: \.auction)
        .topN(1, by: \.price, ties: \.index, keeping: .forever, as: "winning-bid")
        .grouped(by: \.seller)
        .aggregate(RetractableCollect { $0 }, as: "sales") { _, sales in averages(of: sales) }
        .changes()
        .flatMap { $0.change.ofElements() }
    }
}

extension Change {
    /// The changes of single elements that a change of a list comes to.
    func ofElements<Element: Equatable>() -> [Change<Element>] where Row == [Element] {
        let (old, new) = (self.old ?? [], self.new ?? [])
        let shared = zip(old, new).prefix { $0 == $1 }.count
        return old[shared...].map { .delete($0) } + new[shared...].map { .insert($0) }
    }
}
