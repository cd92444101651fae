import WeirCore
import WeirGraph
import WeirRuntime

extension SimulatedJob {
    /// A join within an interval, with rows for what has no partner, and one as of a time.
    static let joins = SimulatedJob(name: "joins") { job, world in
        let orders = job.source(
            world.source("orders", SimulatedEvent.samples(60, seed: 41), splits: 2), as: "orders"
        )
        .watermarked(.boundedOutOfOrderness(.milliseconds(20)), as: "order times") { $0.at }
        .keyed(by: \.key)
        let prices = job.source(
            world.source("prices", SimulatedEvent.samples(50, from: 1_000, seed: 42), splits: 3),
            as: "prices"
        )
        .watermarked(.boundedOutOfOrderness(.milliseconds(20)), as: "price times") { $0.at }
        .keyed(by: \.key)
        orders.leftJoined(
            with: prices, within: .milliseconds(-10) ... .milliseconds(6), late: .drop, as: "near"
        ) { order, price in "\(order.value) \(price.map { "\($0.value)" } ?? "none")" }
        .sink(to: world.sink("near"), as: "near-out")
        orders.leftJoined(
            asOf: prices, keeping: .for(.milliseconds(60)), late: .drop, as: "as-of"
        ) { order, price in "\(order.value) \(price.map { "\($0.value)" } ?? "none")" }
        .sink(to: world.sink("as-of"), as: "as-of-out")
    }
}
