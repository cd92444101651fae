import Foundation
import Testing
import Weir

@testable import WeirNexmark

// What the golden data do not exercise: at 100,000 events no session ends by a pause, no bid at the
// end of a window has its highest price, all is on one day, and nobody bids at a price twice.

private let second: Int64 = 1_000
private let day: Int64 = 86_400_000

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
    _ id: Int, state: UTF8String = "OR", at milliseconds: Int64
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

@Suite struct `A bidder's session` {
    @Test func `goes on after a pause of ten seconds, and ends with a longer one`() throws {
        let events = [
            bid(0, at: 0), bid(1, at: 10 * second), bid(2, at: 20 * second + 1),
            bid(3, bidder: 8, at: 20 * second + 1),
        ]
        #expect(
            try rows("q11", events) == [
                "[7,1,20001,30001]", "[7,2,0,20000]", "[8,1,20001,30001]",
            ])
    }

    @Test func `is one where a bid between two others bridges them`() throws {
        let events = [bid(0, at: 0), bid(1, at: 13 * second), bid(2, at: 9 * second + 500)]
        #expect(try rows("q11", events) == ["[7,3,0,23000]"])
    }
}

@Suite struct `A valid bid` {
    private let events = [
        bid(0, price: 900, at: 99), bid(1, price: 300, at: 100), auction(1, at: 100, expires: 200),
        bid(3, price: 400, at: 200), bid(4, price: 800, at: 201),
        bid(5, auction: 2, price: 700, at: 150),
    ]

    @Test func `comes while its auction is open, at both ends, too`() throws {
        #expect(try rows("q4", events) == ["[10,400]"])
        #expect(
            try rows("q9", events) == [
                #"[1,"i1","d",5,6,100,200,1,10,"a",1,7,400,200,"x"]"#
            ])
        #expect(try rows("q4", Array(events.prefix(3))) == ["[10,300]"])
    }

    @Test func `wins by price, then by time, then by order`() throws {
        let events = [
            auction(1, at: 100, expires: 200), bid(1, bidder: 1, price: 300, at: 110),
            bid(2, bidder: 2, price: 400, at: 120), bid(3, bidder: 3, price: 400, at: 120),
            bid(4, bidder: 4, price: 400, at: 130),
        ]
        let expected = #"[1,"i1","d",5,6,100,200,1,10,"a",1,2,400,120,"x"]"#
        #expect(try rows("q9", events) == [expected])
        #expect(try rows("q9", [events[0]] + events[1...].reversed()) == [expected])
    }

    @Test func `makes averages of categories, cut to whole cents`() throws {
        let events = [
            auction(1, category: 10, at: 0), auction(2, category: 10, at: 0),
            auction(3, category: 11, at: 0), auction(4, category: 12, at: 0),
            bid(4, auction: 1, price: 100, at: 10), bid(5, auction: 1, price: 205, at: 20),
            bid(6, auction: 2, price: 300, at: 10), bid(7, auction: 3, price: 50, at: 10),
        ]
        #expect(try rows("q4", events) == ["[10,252]", "[11,50]"])
    }
}

@Suite struct `A seller's average` {
    @Test func `is over a sale and the ten before it`() throws {
        // Prices 100, 200 … 1300, one auction each, of which the last ends first.
        let count = 13
        var events: [NexmarkEvent] = []
        for id in 1...count {
            let time = Int64(id) * 10
            events.append(auction(id, seller: 4, at: time, expires: time + 300 - Int64(id) * 20))
        }
        for id in 1...count {
            events.append(bid(100 + id, auction: id, price: id * 100, at: Int64(id) * 10 + 5))
        }
        let expected = (1...count).map { last in
            let sales = max(1, last - 10)...last
            return "[4,\(sales.reduce(0) { $0 + $1 * 100 } / sales.count)]"
        }
        #expect(try rows("q6", events) == expected.sorted())
    }
}

@Suite struct `A new user` {
    @Test func `joins and sells in the same ten seconds, and counts once`() throws {
        let events = [
            person(1, at: 1 * second), auction(1, seller: 1, at: 2 * second),
            auction(2, seller: 1, at: 3 * second), auction(3, seller: 2, at: 4 * second),
            person(2, at: 9 * second + 999), person(3, at: 9 * second),
            auction(4, seller: 3, at: 10 * second), auction(5, seller: 1, at: 12 * second),
        ]
        #expect(try rows("q8", events) == [#"[1,"n1",0]"#, #"[2,"n2",0]"#])
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

@Suite struct `Statistics` {
    private let events = [
        bid(0, auction: 1, bidder: 7, price: 9_999, at: 0),
        bid(1, auction: 1, bidder: 7, price: 10_000, at: 61 * second),
        bid(2, auction: 2, bidder: 8, price: 999_999, at: day - 1),
        bid(3, auction: 2, bidder: 7, price: 1_000_000, channel: "Apple", at: 60 * second),
        bid(4, auction: 1, bidder: 9, price: 20_001, at: day),
    ]

    @Test func `are of a day`() throws {
        #expect(
            try rows("q15", events) == [
                #"["1970-01-01",4,1,2,1,2,1,2,1,2,1,2,1]"#,
                #"["1970-01-02",1,0,1,0,1,0,1,0,1,0,1,0]"#,
            ])
    }

    @Test func `are of a channel and day, up to its last minute`() throws {
        #expect(
            try rows("q16", events) == [
                #"["Apple","1970-01-01","00:01",1,0,0,1,1,0,0,1,1,0,0,1]"#,
                #"["channel-1","1970-01-01","23:59",3,1,2,0,2,1,2,0,2,1,2,0]"#,
                #"["channel-1","1970-01-02","00:00",1,0,1,0,1,0,1,0,1,0,1,0]"#,
            ])
    }

    @Test func `are of an auction and day`() throws {
        #expect(
            try rows("q17", events) == [
                #"[1,"1970-01-01",2,1,1,0,9999,10000,9999,19999]"#,
                #"[1,"1970-01-02",1,0,1,0,20001,20001,20001,20001]"#,
                #"[2,"1970-01-01",2,0,1,1,999999,1000000,999999,1999999]"#,
            ])
    }
}

@Suite struct `Of bids at the same time or price` {
    @Test func `the last by its index is a bidder's last`() throws {
        let events = [
            bid(5, price: 1, at: 10), bid(6, price: 2, at: 10), bid(4, price: 3, at: 10),
            bid(9, price: 4, at: 9), bid(7, bidder: 8, price: 5, at: 1),
        ]
        #expect(
            try rows("q18", events) == [
                #"[1,7,2,"channel-1","",10,"x"]"#, #"[1,8,5,"channel-1","",1,"x"]"#,
            ])
    }

    @Test func `the first by its index ranks first`() throws {
        var events = (0..<12).map { bid($0, bidder: $0, price: 100 + $0 / 2, at: 0) }
        events.append(bid(12, auction: 2, bidder: 3, price: 1, at: 0))
        let ranked = [10, 11, 8, 9, 6, 7, 4, 5, 2, 3].enumerated().map { rank, index in
            "[1,\(index),\(100 + index / 2),\"channel-1\",\"\",0,\"x\",\(rank + 1)]"
        }
        #expect(
            try rows("q19", events.reversed())
                == (ranked + [#"[2,3,1,"channel-1","",0,"x",1]"#]).sorted())
    }
}

@Suite struct `Bids by processing time` {
    @Test func `are each in one window of the clock`() throws {
        let events = (0..<500).map { bid($0, bidder: $0 % 3, at: Int64($0) * second) }
        var counts: [Int: Int] = [:]
        for row in try rows(of: .named("q12"), over: events, parallelism: 2) {
            let fields = try JSONDecoder().decode([Int].self, from: Data(row.utf8))
            try #require(fields.count == 4)
            counts[fields[0], default: 0] += fields[1]
            #expect(fields[1] > 0)
            #expect(fields[2] % 10_000 == 0 && fields[3] == fields[2] + 10_000)
        }
        #expect(counts == [0: 167, 1: 167, 2: 166])
    }
}

@Suite struct `Bids by event time` {
    /// What q12e comes to, from a dictionary of all windows and texts of rows put together here.
    private func model(events: Int) -> NexmarkTotal {
        struct Place: Hashable {
            var bidder: Int
            var start: Int
        }
        var counts: [Place: Int] = [:]
        let generator = NexmarkGenerator()
        for index in 0..<events {
            guard case .bid(let bid) = generator.record(at: index) else { continue }
            let time = bid.dateTime.inMilliseconds
            counts[Place(bidder: bid.bidder, start: time - time % 10_000), default: 0] += 1
        }
        var total = NexmarkTotal()
        for (place, count) in counts {
            let row = "\(place.bidder)|\(count)|\(place.start)|\(place.start + 10_000)"
            total.rows += 1
            total.checksum &+= Array(row.utf8).withUnsafeBufferPointer(FNV1a.hash)
        }
        return total
    }

    @Test(arguments: [1, 2, 7])
    func `are those of a dictionary of all windows`(parallelism: Int) throws {
        let expected = model(events: 250_000)
        #expect(expected.rows > 1_000)
        let query = try NexmarkQuery.named("q12e")
        #expect(try total(of: query, events: 250_000, parallelism: parallelism) == expected)
        #expect(try #require(HandQuery.named("q12e")).run(events: 250_000) == expected)
    }

    @Test func `are in the window that their time begins`() throws {
        let events = [
            bid(1, bidder: 3, at: 0), bid(2, bidder: 3, at: 9_999), bid(3, bidder: 4, at: 9_999),
            bid(4, bidder: 3, at: 10_000), bid(5, bidder: 3, at: 45_000),
        ]
        #expect(
            try rows("q12e", events) == [
                "[3,1,10000,20000]", "[3,1,40000,50000]", "[3,2,0,10000]", "[4,1,0,10000]",
            ])
    }
}
