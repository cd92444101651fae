import Weir

struct LocalItem: NexmarkRow {
    var name: UTF8String, city: UTF8String, state: UTF8String, auction: Int

    func putFields(into row: inout RowWriter) {
        row.put(name)
        row.put(city)
        row.put(state)
        row.put(auction)
    }
}

extension NexmarkQuery {
    /// What is for sale in a category by people of three states, whoever comes first.
    static let q3 = NexmarkQuery("q3", "local items") { events in
        let auctions = events.auctions.filter { $0.category == 10 }
        let persons = events.persons.filter { ["OR", "ID", "CA"].contains($0.state) }
        return auctions.keyed(by: \.seller)
            .joined(with: persons.keyed(by: \.id), keeping: .forever, as: "sellers") {
                auction, person in
                LocalItem(
                    name: person.name, city: person.city, state: person.state, auction: auction.id)
            }
    }
}
