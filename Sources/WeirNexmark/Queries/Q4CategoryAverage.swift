import Weir

/// A valid bid's price, with its auction's category.
struct CategoryBid: Record {
    var auction = 0, category = 0, price = 0

    static let schema = Schema({ CategoryBid() }) {
        Field("auction", \.auction)
        Field("category", \.category)
        Field("price", \.price)
    }
}

struct CategoryPrice: NexmarkRow, Equatable {
    var category: Int, average: Int

    func putFields(into row: inout RowWriter) {
        row.put(category)
        row.put(average)
    }
}

extension CategoryPrice: Record {
    static let schema = Schema({ CategoryPrice(category: 0, average: 0) }) {
        Field("category", \.category)
        Field("average", \.average)
    }
}

extension NexmarkQuery {
    /// What the auctions of a category bring on average.
    static let q4 = NexmarkQuery("q4", "average price by category") { events in
        events.valid(events.bids.map { PricedBid($0) }) {
            CategoryBid(auction: $0.id, category: $0.category, price: $1.price)
        }
        .keyed(by: \.auction)
        .deduplicated(lastBy: \.price, keeping: .forever, as: "highest-bid")
        .grouped(by: \.category)
        .aggregate(Sum(\.price), Count(), as: "average") { category, total, auctions in
            CategoryPrice(category: category, average: total / auctions)
        }
    }
}
