public import Weir

/// An element of the stream: of fifty, one is a person, three are auctions, and the rest bids.
public enum NexmarkEvent: Hashable, Sendable {
    /// Somebody joins.
    case person(Person)
    /// An auction is opened.
    case auction(Auction)
    /// Somebody bids.
    case bid(Bid)

    /// When it happened.
    @inlinable public var dateTime: Timestamp {
        switch self {
        case .person(let person): person.dateTime
        case .auction(let auction): auction.dateTime
        case .bid(let bid): bid.dateTime
        }
    }
}

extension DataStream<NexmarkEvent> {
    /// The persons among the events.
    @inlinable public var persons: DataStream<Person> {
        compactMap { if case .person(let person) = $0 { person } else { nil } }
    }

    /// The auctions among the events.
    @inlinable public var auctions: DataStream<Auction> {
        compactMap { if case .auction(let auction) = $0 { auction } else { nil } }
    }

    /// The bids among the events.
    @inlinable public var bids: DataStream<Bid> {
        compactMap { if case .bid(let bid) = $0 { bid } else { nil } }
    }
}
