import Foundation
import Testing
import Weir
import WeirRuntime
import WeirTesting

@testable import WeirNexmark

/// Runs a query on the deterministic executor; its ledger must balance, or the run fails.
func total(
    of query: NexmarkQuery, events: Int, parallelism: Int, seed: UInt64 = 1
) throws -> NexmarkTotal {
    let results = NexmarkResults()
    let job = query.job(events: events, splits: parallelism, results: results)
    try run(job, parallelism: parallelism, seed: seed)
    return results.total
}

/// The rows of a query over events of a test's own, as sorted lines of JSON.
func rows(
    of query: NexmarkQuery, over events: [NexmarkEvent], parallelism: Int = 1
) throws -> [String] {
    let path = FileManager.default.temporaryDirectory
        .appending(path: "weir-nexmark-\(UUID().uuidString).jsonl").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = try RowFile(path, isUpdating: query.isUpdating)
    let job = query.job(
        CollectionSource(events), results: NexmarkResults(output: file))
    try run(job, parallelism: parallelism, seed: 1)
    try file.finish()
    return try String(contentsOfFile: path, encoding: .utf8)
        .split(separator: "\n").map(String.init).sorted()
}

/// The rows of a query over events that are made beforehand, as their number and checksum.
func total(
    of query: NexmarkQuery, over source: ReplayedEvents, parallelism: Int
) throws -> NexmarkTotal {
    let results = NexmarkResults()
    try run(query.job(source, results: results), parallelism: parallelism, seed: 1)
    return results.total
}

private func run(_ job: Job, parallelism: Int, seed: UInt64) throws {
    let executor = ManualExecutor(seed: seed)
    let execution = JobExecution(try job.plan(parallelism: parallelism), executor: executor)
    _ = try executor.run { try await execution.run() }
}

/// A bid `milliseconds` after the epoch.
func bid(
    _ index: Int, auction: Int = 1, bidder: Int = 7, price: Int = 100,
    channel: UTF8String = "channel-1", url: UTF8String = "", at milliseconds: Int64
) -> NexmarkEvent {
    .bid(
        Bid(
            index: index, auction: auction, bidder: bidder, price: price, channel: channel,
            url: url, dateTime: Timestamp(milliseconds: milliseconds), extra: "x"))
}

@Suite struct `A query` {
    @Test func `is found by its name, or the names there are come up`() throws {
        #expect(try NexmarkQuery.named("Q5").name == "q5")
        let error = #expect(throws: UnknownQuery.self) { try NexmarkQuery.named("q99") }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("there is no query 'q99'"))
        for query in NexmarkQuery.all + NexmarkQuery.variants {
            #expect(text.contains("  \(query.name): \(query.title)"))
        }
    }

    @Test func `has nothing to say about no events`() throws {
        for query in NexmarkQuery.all {
            #expect(
                try total(of: query, events: 0, parallelism: 2) == NexmarkTotal(), "\(query.name)")
        }
    }
}

@Suite struct `Day and night` {
    @Test func `divide at 7, 8, 19 and 20 hours`() {
        func type(_ hours: Int, _ minutes: Int, days: Int = 0) -> String {
            bidTimeType(Timestamp(seconds: Int64(days * 86_400 + hours * 3_600 + minutes * 60)))
        }
        #expect(type(0, 0) == "nightTime")
        #expect(type(6, 59) == "nightTime")
        #expect(type(7, 0) == "otherTime")
        #expect(type(7, 59) == "otherTime")
        #expect(type(8, 0) == "dayTime")
        #expect(type(18, 59) == "dayTime")
        #expect(type(19, 0) == "otherTime")
        #expect(type(19, 59) == "otherTime")
        #expect(type(20, 0) == "nightTime")
        #expect(type(23, 59) == "nightTime")
        #expect(type(12, 0, days: -1) == "dayTime")
    }

    @Test func `are told of each bid between the prices`() throws {
        // 0.908 times the price lies strictly between 1,000,000 and 50,000,000.
        let events = [1_101_321, 1_101_322, 55_066_079, 55_066_080].enumerated().map {
            bid($0, price: $1, at: 8 * 3_600_000)
        }
        #expect(
            try rows(of: .named("q14"), over: events) == [
                #"[1,7,"1000000.376","dayTime",28800000,"x",0]"#,
                #"[1,7,"49999999.732","dayTime",28800000,"x",0]"#,
            ])
    }
}

@Suite struct `A page's address` {
    private func channel(_ channel: UTF8String, _ url: UTF8String) -> UTF8String? {
        guard case .bid(let bid) = bid(0, channel: channel, url: url, at: 0) else { return nil }
        return channelID(of: bid)
    }

    @Test func `holds a channel's id, unless its name is known`() {
        let base: UTF8String = "https://www.nexmark.com/a/b/c/item.htm?query=1"
        #expect(channel("Apple", base) == "0")
        #expect(channel("GOOGLE", base + "&channel_id=9") == "1")
        #expect(channel("facebook", base) == "2")
        #expect(channel("Baidu", base) == "3")
        #expect(channel("channel-1", base) == nil)
        #expect(channel("channel-1", base + "&channel_id=") == "")
        #expect(channel("channel-1", base + "&channel_id=123") == "123")
        #expect(channel("channel-1", base + "&x=1&channel_id=12&y=3") == "12")
        #expect(channel("channel-1", base + "&channel_i=12") == nil)
    }

    @Test func `has three directories, some of them empty`() {
        func parts(_ address: UTF8String) -> [UTF8String] {
            let found = directories(of: address)
            return found.indices.map { found[$0] }
        }
        #expect(parts("https://www.nexmark.com/a/b/c/item.htm") == ["a", "b", "c"])
        #expect(parts("https://www.nexmark.com/a//c") == ["a", "", "c"])
        #expect(parts("https://www.nexmark.com/a") == ["a", "", ""])
        #expect(parts("") == ["", "", ""])
    }
}

@Suite struct `Hot items` {
    @Test func `are all those with the most bids, in windows that data only partly covers, too`()
        throws
    {
        // The five windows that end from 10 to 18 s hold all of them; the tie counts in each.
        let events = [
            bid(0, auction: 1, at: 8_000), bid(1, auction: 2, at: 8_100),
            bid(2, auction: 2, at: 8_200), bid(3, auction: 3, at: 8_300),
            bid(4, auction: 3, at: 9_999),
        ]
        let found = try rows(of: .named("q5"), over: events)
        #expect(found == Array(repeating: "[2,2]", count: 5) + Array(repeating: "[3,2]", count: 5))
    }
}
