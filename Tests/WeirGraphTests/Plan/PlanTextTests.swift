import Testing
import WeirCore
import WeirGraph

@Suite struct `Plan text` {
    @Test func `x`() throws {
        for (g, p) in [(Jobs.straight(), 2), (Jobs.counts(), 2), (Jobs.flights(), 2), (Jobs.flights(), 1)] {
            let plan = try Planner(parallelism: p).plan(g)
            print(plan.text); print(plan.json); print(plan.dot)
        }
    }
}
