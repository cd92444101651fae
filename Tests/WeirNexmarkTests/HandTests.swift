import Testing

@testable import WeirNexmark

@Suite("Queries by hand") struct HandTests {
    /// All but variants, which Flink has not run.
    @Test(arguments: HandQuery.all.map(\.name).filter { $0 != "q12e" })
    func `give what Flink gives`(name: String) throws {
        let query = try #require(HandQuery.named(name))
        let expected = try #require(try Golden.totals()[name])
        #expect(query.run(events: 100_000) == expected)
        #expect(query.run(over: EventBlock(count: 100_000)) == expected)
    }

    @Test(arguments: HandQuery.all.map(\.name))
    func `give what the jobs give over more events`(name: String) throws {
        let query = try #require(HandQuery.named(name))
        let job = try NexmarkQuery.named(name)
        #expect(
            query.run(events: 250_000) == (try total(of: job, events: 250_000, parallelism: 2)))
    }

    @Test func `keep their state in a table that grows and shrinks`() {
        let table = FlatTable<[Int]>()
        var model: [Int: [Int]] = [:]
        var random = SplitMix64(seed: 7)
        for round in 0..<20_000 {
            let key = random.below(3_000) - 1_500
            table.update(key, initial: []) { $0.append(round) }
            model[key, default: []].append(round)
            if round.isMultiple(of: 4_000) {
                table.filter { key, _ in key % 3 != 0 }
                model = model.filter { $0.key % 3 != 0 }
            }
        }
        var found: [Int: [Int]] = [:]
        table.forEach { found[$0] = $1 }
        #expect(found == model)
        #expect(table.count == model.count)
    }
}
