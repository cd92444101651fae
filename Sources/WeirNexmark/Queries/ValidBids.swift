import Weir

/// What an auction is found by and judged by, of a bid or of a part of one.
protocol Offer: Sendable {
    var auction: Int { get }
    var dateTime: Timestamp { get }
}

extension Bid: Offer {}

/// What counts of a bid where nothing is told of the bidder: kept without texts.
struct PricedBid: Record, Offer {
    var index = 0, auction = 0, price = 0, dateTime = Timestamp.epoch

    init() {}

    init(_ bid: Bid) {
        (index, auction, price, dateTime) = (bid.index, bid.auction, bid.price, bid.dateTime)
    }

    static let schema = Schema({ PricedBid() }) {
        Field("index", \.index)
        Field("auction", \.auction)
        Field("price", \.price)
        Field("dateTime", \.dateTime)
    }
}

extension DataStream<NexmarkEvent> {
    /// What `make` makes of each auction and each of `bids` that came while it was open.
    ///
    /// No auction is open for longer than ``Auction/longestOpening``, so neither side need be kept
    /// longer than that.
    @inline(__always)
    func valid<Bids: Offer, Made: Sendable>(
        _ bids: DataStream<Bids>, _ make: @escaping @Sendable (Auction, Bids) -> Made
    ) -> DataStream<Made> {
        auctions.keyed(by: \.id)
            .joined(
                with: bids.keyed { $0.auction }, within: .zero...Auction.longestOpening,
                where: { $0.isOpen(at: $1.dateTime) }, late: .drop, as: "valid-bids", make)
    }
}
