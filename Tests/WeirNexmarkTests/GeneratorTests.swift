import Foundation
import Testing
import Weir

@testable import WeirNexmark

@Suite struct `The tables` {
    private let tables = NexmarkTables.shared

    @Test func `hold the filler of the specification`() {
        let start: UTF8String = "LaU\\VR_YZKMVdahhuhMPX[]NPZ]S`JZ[[[[Obiqmmmuwxatb"
        #expect(NexmarkTables.text(tables.filler, from: 0, count: start.utf8Count) == start)
        let filler = UnsafeBufferPointer(start: tables.filler, count: 1_048_576)
        #expect(FNV1a.hash(filler) == 0x599c_7763_d840_13f2)
    }

    @Test func `hold the addresses of the specification`() {
        let hot = Array(UnsafeBufferPointer(start: tables.channels, count: 4))
        #expect(hot.map(\.name) == ["Google", "Facebook", "Baidu", "Apple"])
        #expect(hot[0].url == "https://www.nexmark.com/ctv_/rcc/yupi/item.htm?query=1")
        let others = Array(UnsafeBufferPointer(start: tables.channels + 4, count: 10_000))
        let urls = others.map(\.url)
        #expect(
            urls[0] == "https://www.nexmark.com/nl_l/wgup/zgw/item.htm?query=1&channel_id=0")
        #expect(urls.count { $0.contains("&channel_id=") } == 8_967)
        let lines = urls.map { String($0) + "\n" }.joined()
        #expect(FNV1a.hash(Array(lines.utf8)) == 0x8b63_521d_f3ff_c413)
        #expect(others[7].name == "channel-7")
    }
}

@Suite struct `The generator` {
    private let generator = NexmarkGenerator()

    @Test func `makes the first hundred events field by field`() throws {
        let lines = try String(contentsOf: Golden.url("events-first-100.jsonl"), encoding: .utf8)
            .split(separator: "\n")
        try #require(lines.count == 100)
        for (index, line) in lines.enumerated() {
            let expected = try JSONDecoder().decode(GoldenEvent.self, from: Data(line.utf8))
            #expect(expected.index == index)
            #expect(generator.record(at: index) == expected.event, "event \(index)")
        }
    }

    @Test(
        arguments: [
            (1, 0, 1, 0, 0xe412_4efb_bd64_57d9), (48, 0, 2, 46, 0x9bc2_7c21_a184_9a80),
            (1_000, 20, 60, 920, 0x2cef_039a_9558_8d80),
            (100_000, 2_000, 6_000, 92_000, 0x547d_b6bc_be48_0b14),
        ] as [(Int, Int, Int, Int, UInt64)])
    func `makes the streams of the specification`(
        events: Int, persons: Int, auctions: Int, bids: Int, checksum: UInt64
    ) {
        var counts = [0, 0, 0]
        var sum: UInt64 = 0
        for index in 0..<events {
            let event = generator.record(at: index)
            switch event {
            case .person: counts[0] += 1
            case .auction: counts[1] += 1
            case .bid: counts[2] += 1
            }
            sum &+= FNV1a.hash(event.canonicalText)
        }
        #expect(counts == [persons, auctions, bids])
        #expect(sum == checksum)
    }

    @Test func `makes an event of its index alone`() {
        let backwards = (0..<200).reversed().map { generator.record(at: $0) }
        #expect(backwards.reversed() == (0..<200).map { generator.record(at: $0) })
    }

    @Test func `never goes back in time, and opens no auction for longer than it says`() {
        var last = Timestamp.earliest
        for index in 0..<20_000 {
            let event = generator.record(at: index)
            #expect(event.dateTime >= last)
            last = event.dateTime
            guard case .auction(let auction) = event else { continue }
            let open = auction.expires - auction.dateTime
            #expect(open >= .milliseconds(1) && open <= Auction.longestOpening)
        }
    }

    @Test func `numbers bids by the index of their event`() {
        for index in 0..<500 {
            if case .bid(let bid) = generator.record(at: index) { #expect(bid.index == index) }
        }
    }
}

extension FNV1a {
    /// The hash of an array's bytes.
    static func hash(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBufferPointer { hash($0) } }
}

extension NexmarkEvent {
    /// The line that the stream's checksum is made of.
    fileprivate var canonicalText: [UInt8] {
        var text = RowWriter(.canonical)
        switch self {
        case .person(let person):
            text.put("P")
            text.put(person.id)
            for field in [
                person.name, person.emailAddress, person.creditCard, person.city, person.state,
            ] { text.put(field) }
            text.put(person.dateTime)
            text.put(person.extra)
        case .auction(let auction):
            text.put("A")
            text.put(auction.id)
            text.put(auction.itemName)
            text.put(auction.description)
            text.put(auction.initialBid)
            text.put(auction.reserve)
            text.put(auction.dateTime)
            text.put(auction.expires)
            text.put(auction.seller)
            text.put(auction.category)
            text.put(auction.extra)
        case .bid(let bid):
            text.put("B")
            for number in [bid.auction, bid.bidder, bid.price] { text.put(number) }
            text.put(bid.channel)
            text.put(bid.url)
            text.put(bid.dateTime)
            text.put(bid.extra)
        }
        return text.withBytes { Array($0) }
    }
}
