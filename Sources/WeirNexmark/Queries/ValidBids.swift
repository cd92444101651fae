import Weir

extension DataStream<NexmarkEvent> {
    /// What `make` makes of each auction and each bid that came while it was open.
    ///
    /// No auction is open for longer than ``Auction/longestOpening``, so neither side need be kept
    /// longer than that.
    @inline(__always)
    func validBids<Made: Sendable>(
        _ make: @escaping @Sendable (Auction, Bid) -> Made
    ) -> DataStream<Made> {
        auctions.keyed(by: \.id)
            .joined(
                with: bids.keyed(by: \.auction), within: .zero...Auction.longestOpening,
                late: .drop, as: "valid-bids"
            ) { auction, bid in
                auction.isOpen(at: bid.dateTime) ? make(auction, bid) : nil
            }
            .compactMap { $0 }
    }
}
