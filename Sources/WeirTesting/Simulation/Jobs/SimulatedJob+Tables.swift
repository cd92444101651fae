import WeirCore
import WeirGraph
import WeirRuntime

extension SimulatedJob {
    /// An aggregate without end, its groups' aggregate, which takes back what has changed, and its best
    /// three. How many changes there are is a matter of timing; what they lead to is not.
    static let tables = SimulatedJob(name: "tables") { job, world in
        let totals = job.source(
            world.source("events", SimulatedEvent.samples(90, seed: 51), splits: 3), as: "events"
        )
        .keyed(by: \.key)
        .aggregate(Count(), Sum(\.value), keeping: .forever, as: "totals") { key, count, sum in
            SimulatedTotal(key: key, count: count, sum: sum)
        }
        totals.changes().sink(to: world.table("totals"), as: "totals-out")
        totals.grouped(by: { $0.count % 2 })
            .aggregate(Count(), Sum(\.sum), as: "parities") { parity, count, sum in
                SimulatedTotal(key: parity, count: count, sum: sum)
            }
            .changes().sink(to: world.table("parities"), as: "parities-out")
        totals.topN(3, by: { $0.sum * 10 + $0.key }, in: { $0.key % 2 }, as: "best")
            .changes().sink(to: world.table("best"), as: "best-out")
    }
}

/// A row of the example with tables.
struct SimulatedTotal: Hashable, Sendable, Codable {
    var key: Int
    var count: Int
    var sum: Int
}
