import Weir

struct DirectoryBid: NexmarkRow {
    var auction: Int, bidder: Int, price: Int, channel: UTF8String
    /// The first three directories of the page's address; empty where there are fewer.
    var directories: InlineArray<3, UTF8String>

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(bidder)
        row.put(price)
        row.put(channel)
        for index in directories.indices { row.put(directories[index]) }
    }
}

/// The first three directories of an address: parts 3, 4 and 5, divided by `/`, from 0.
func directories(of address: UTF8String) -> InlineArray<3, UTF8String> {
    let parts = address.split(separator: "/", maxSplits: 6, omittingEmptySubsequences: false)
    return InlineArray { part in parts.indices.contains(part + 3) ? parts[part + 3] : "" }
}

extension NexmarkQuery {
    /// Every bid with the directories of its page.
    static let q22 = NexmarkQuery("q22", "URL directories") { events in
        events.bids.map {
            DirectoryBid(
                auction: $0.auction, bidder: $0.bidder, price: $0.price, channel: $0.channel,
                directories: directories(of: $0.url))
        }
    }
}
