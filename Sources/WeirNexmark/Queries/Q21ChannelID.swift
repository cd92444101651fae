import Weir

struct ChannelBid: NexmarkRow {
    var auction: Int, bidder: Int, price: Int, channel: UTF8String, id: UTF8String

    func putFields(into row: inout RowWriter) {
        row.put(auction)
        row.put(bidder)
        row.put(price)
        row.put(channel)
        row.put(id)
    }
}

/// The id of the channel that a bid came from: of the great ones by their names, else from the
/// page's address.
func channelID(of bid: Bid) -> UTF8String? {
    switch bid.channel.lowercased() {
    case "apple": "0"
    case "google": "1"
    case "facebook": "2"
    case "baidu": "3"
    default: parameter("&channel_id=", of: bid.url)
    }
}

/// What follows `name` in an address, up to the next `&`.
private func parameter(_ name: UTF8String, of address: UTF8String) -> UTF8String? {
    guard let start = address.firstRange(of: name)?.upperBound else { return nil }
    let end = address.utf8[start...].firstIndex(of: UInt8(ascii: "&"))
    return address[start..<(end ?? address.utf8Count)]
}

extension NexmarkQuery {
    /// Every bid whose channel has an id, with the id.
    static let q21 = NexmarkQuery("q21", "channel ids") { events in
        events.bids.compactMap { bid in
            channelID(of: bid).map { id in
                ChannelBid(
                    auction: bid.auction, bidder: bid.bidder, price: bid.price,
                    channel: bid.channel, id: id)
            }
        }
    }
}
