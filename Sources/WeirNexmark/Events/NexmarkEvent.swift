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

    /// Whether somebody joins.
    @inlinable public var isPerson: Bool { if case .person = self { true } else { false } }
    /// Whether an auction is opened.
    @inlinable public var isAuction: Bool { if case .auction = self { true } else { false } }
    /// Whether somebody bids.
    @inlinable public var isBid: Bool { if case .bid = self { true } else { false } }
}

extension DataStream<NexmarkEvent> {
    /// The persons among the events.
    @inlinable public var persons: DataStream<Person> {
        compactMap(where: { $0.isPerson }) {
            if case .person(let person) = $0 { person } else { nil }
        }
    }

    /// The auctions among the events.
    @inlinable public var auctions: DataStream<Auction> {
        compactMap(where: { $0.isAuction }) {
            if case .auction(let auction) = $0 { auction } else { nil }
        }
    }

    /// The bids among the events.
    @inlinable public var bids: DataStream<Bid> {
        compactMap(where: { $0.isBid }) {
            if case .bid(let bid) = $0 { bid } else { nil }
        }
    }
}
