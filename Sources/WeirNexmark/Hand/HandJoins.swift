import Weir

/// Auctions of a category with their sellers, either side first.
struct HandLocalItems: HandLoop {
    private struct Seller {
        var persons: [Person] = []
        var auctions: [Int] = []
    }

    private let sellers = FlatTable<Seller>()

    @inline(__always) func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        switch event {
        case .person(let person):
            guard person.state == "OR" || person.state == "ID" || person.state == "CA" else {
                return
            }
            sellers.update(person.id, initial: Seller()) { seller in
                for auction in seller.auctions { output.add(item(auction, person)) }
                seller.persons.append(person)
            }
        case .auction(let auction):
            guard auction.category == 10 else { return }
            sellers.update(auction.seller, initial: Seller()) { seller in
                for person in seller.persons { output.add(item(auction.id, person)) }
                seller.auctions.append(auction.id)
            }
        case .bid: return
        }
    }

    private func item(_ auction: Int, _ person: Person) -> LocalItem {
        LocalItem(name: person.name, city: person.city, state: person.state, auction: auction)
    }
}

/// Bids with their auctions, either side first, however much later.
struct HandExpandedBids: HandLoop {
    private struct Partners {
        var bids: [Bid] = []
        var auctions: [Auction] = []
    }

    private let partners = FlatTable<Partners>()

    @inline(__always) func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        switch event {
        case .person: return
        case .auction(let auction):
            guard auction.category == 10 else { return }
            partners.update(auction.id, initial: Partners()) { known in
                for bid in known.bids { output.add(ExpandedBid(bid: bid, auction: auction)) }
                known.auctions.append(auction)
            }
        case .bid(let bid):
            partners.update(bid.auction, initial: Partners()) { known in
                for auction in known.auctions {
                    output.add(ExpandedBid(bid: bid, auction: auction))
                }
                known.bids.append(bid)
            }
        }
    }
}

/// The highest valid bid of each auction, and the average of these by category.
struct HandCategoryAverage: HandLoop {
    private struct Sale {
        var opened: Int, expires: Int, category: Int
        var highest: Int?
    }

    private struct Category {
        var total = 0
        var auctions = 0
        var emitted: CategoryPrice?
        var isChanged = false
    }

    private let sales = FlatTable<Sale>()
    /// Bids of this millisecond whose auctions have not come: those of the same millisecond are valid.
    private var early: [(auction: Int, price: Int)] = []
    private var now = Int.min
    private var categories = [Category](repeating: Category(), count: 5)
    private var records = 0

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        let time = event.dateTime.inMilliseconds
        if time > now {
            now = time
            early.removeAll(keepingCapacity: true)
        }
        switch event {
        case .person: return
        case .auction(let auction):
            let sale = Sale(
                opened: time, expires: auction.expires.inMilliseconds, category: auction.category)
            sales.update(auction.id, initial: sale) { _ in }
            for bid in early where bid.auction == auction.id { take(bid.auction, bid.price) }
        case .bid(let bid):
            if !take(bid.auction, bid.price) { early.append((bid.auction, bid.price)) }
        }
        records &+= 1
        if records == 8_192 { emit(&output) }
    }

    /// - Returns: Whether the auction is known.
    @inline(__always) @discardableResult
    private mutating func take(_ auction: Int, _ price: Int) -> Bool {
        var isKnown = false
        sales.updateIfPresent(auction) { sale in
            isKnown = true
            guard sale.opened <= now, now <= sale.expires, price > sale.highest ?? -1 else {
                return
            }
            categories[sale.category - 10].total += price - (sale.highest ?? 0)
            if sale.highest == nil { categories[sale.category - 10].auctions += 1 }
            categories[sale.category - 10].isChanged = true
            sale.highest = price
        }
        return isKnown
    }

    private mutating func emit(_ output: inout HandOutput) {
        records = 0
        for index in categories.indices where categories[index].isChanged {
            let category = categories[index]
            let row = CategoryPrice(
                category: index + 10, average: category.total / category.auctions)
            if let old = category.emitted { output.retract(old) }
            output.add(row)
            categories[index].emitted = row
            categories[index].isChanged = false
        }
    }

    mutating func finish(_ output: inout HandOutput) { emit(&output) }
}

/// The persons that join and sell within the same window.
struct HandNewUsers: HandLoop {
    private struct Known {
        var person: NewSeller?
        var sells = false
    }

    private let known = FlatTable<Known>()
    private var windowStart = Int.min

    @inline(__always) mutating func take(_ event: NexmarkEvent, _ output: inout HandOutput) {
        if case .bid = event { return }
        let time = event.dateTime.inMilliseconds
        if time >= windowStart &+ 10_000 || windowStart == .min {
            windowStart = time / 10_000 * 10_000
            known.filter { _, _ in false }
        }
        switch event {
        case .bid: return
        case .person(let person):
            let row = NewSeller(
                id: person.id, name: person.name, window: .init(inMilliseconds: windowStart))
            known.update(person.id, initial: Known()) { known in
                if known.sells { output.add(row) } else { known.person = row }
            }
        case .auction(let auction):
            known.update(auction.seller, initial: Known()) { known in
                known.sells = true
                if let row = known.person.take() { output.add(row) }
            }
        }
    }
}
