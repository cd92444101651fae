import Weir

struct NewSeller: NexmarkRow {
    var id: Int, name: UTF8String, window: Timestamp

    func putFields(into row: inout RowWriter) {
        row.put(id)
        row.put(name)
        row.put(window)
    }
}

extension NexmarkQuery {
    /// The persons that join and sell within the same ten seconds.
    static let q8 = NexmarkQuery("q8", "new users") { events in
        events.persons.keyed(by: \.id)
            .semiJoined(
                with: events.auctions.keyed(by: \.seller), in: .tumbling(.seconds(10)),
                late: .drop, as: "new-sellers"
            )
            .map {
                NewSeller(id: $0.id, name: $0.name, window: $0.dateTime.floor(to: .seconds(10)))
            }
    }
}
