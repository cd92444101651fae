import Testing
import Weir

@testable import WeirNexmark

// What the golden data do not exercise: at 100,000 events no session ends by a pause, no bid at the
// end of a window has its highest price, all is on one day, and nobody bids at a price twice.

private let second: Int64 = 1_000

/// An auction opened `milliseconds` after the epoch.
private func auction(
    _ id: Int, seller: Int = 1, category: Int = 10, at milliseconds: Int64, expires: Int64? = nil
) -> NexmarkEvent {
    .auction(
        Auction(
            id: id, itemName: "i\(id)", description: "d", initialBid: 5, reserve: 6,
            dateTime: Timestamp(milliseconds: milliseconds),
            expires: Timestamp(milliseconds: expires ?? milliseconds + 100), seller: seller,
            category: category, extra: "a"))
}

private func person(
    _ id: Int, state: String = "OR", at milliseconds: Int64
) -> NexmarkEvent {
    .person(
        Person(
            id: id, name: "n\(id)", emailAddress: "e", creditCard: "c", city: "Bend", state: state,
            dateTime: Timestamp(milliseconds: milliseconds), extra: "p"))
}

/// The rows of a query over some events, at parallelism 1 and 3, which must agree.
private func rows(_ name: String, _ events: [NexmarkEvent]) throws -> [String] {
    let query = try NexmarkQuery.named(name)
    let found = try rows(of: query, over: events)
    #expect(try rows(of: query, over: events, parallelism: 3) == found)
    return found
}

@Suite struct `The highest bid of a window` {
    @Test func `may come at its very end, with the price of one before`() throws {
        let events = [
            bid(0, auction: 1, price: 500, at: 5 * second),
            bid(1, auction: 2, price: 500, at: 10 * second),
            bid(2, auction: 3, price: 600, at: 10 * second),
            bid(3, auction: 4, price: 500, at: 10 * second + 1),
        ]
        #expect(
            try rows("q7", events) == [
                #"[1,500,7,5000,"x"]"#, #"[2,500,7,10000,"x"]"#, #"[3,600,7,10000,"x"]"#,
            ])
    }

    @Test func `counts for both windows where it is the highest of both`() throws {
        let events = [
            bid(0, auction: 1, price: 500, at: 5 * second),
            bid(1, auction: 2, price: 500, at: 10 * second),
        ]
        #expect(
            try rows("q7", events) == [
                #"[1,500,7,5000,"x"]"#, #"[2,500,7,10000,"x"]"#, #"[2,500,7,10000,"x"]"#,
            ])
    }

    @Test func `at the end does not count for a window without bids, nor where it is higher`()
        throws
    {
        let events = [
            bid(0, auction: 1, price: 500, at: 10 * second),
            bid(1, auction: 2, price: 400, at: 25 * second),
            bid(2, auction: 3, price: 401, at: 30 * second),
        ]
        #expect(
            try rows("q7", events) == [
                #"[1,500,7,10000,"x"]"#, #"[2,400,7,25000,"x"]"#, #"[3,401,7,30000,"x"]"#,
            ])
    }
}

@Suite struct `Sellers and auctions` {
    @Test func `meet whichever comes first, however late`() throws {
        let events = [
            auction(1, seller: 1, at: 0), person(1, at: 500 * second), person(2, at: 0),
            person(3, state: "WA", at: 0), auction(2, seller: 2, at: 700 * second),
            auction(3, seller: 3, at: 1), auction(4, seller: 1, category: 11, at: 1),
        ]
        #expect(
            try rows("q3", events) == [
                #"["n1","Bend","OR",1]"#, #"["n2","Bend","OR",2]"#,
            ])
    }

    @Test func `meet bids, too`() throws {
        let events = [
            bid(0, auction: 1, at: 0), auction(1, at: 100 * second),
            auction(2, category: 11, at: 0),
            bid(3, auction: 1, price: 7, at: 300 * second), bid(4, auction: 2, at: 5),
        ]
        let auction = #""i1","d",5,6,100000,100100,1,10,"a"]"#
        #expect(
            try rows("q20", events) == [
                #"[1,7,100,"channel-1","",0,"x","# + auction,
                #"[1,7,7,"channel-1","",300000,"x","# + auction,
            ])
    }
}
