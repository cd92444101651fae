import Testing
import WeirCore
import WeirGraph

@Suite struct `Plan text` {
    @Test func `x`() throws {
        for (n, g, p) in [("straight", Jobs.straight(), 2), ("counts", Jobs.counts(), 2), ("flights", Jobs.flights(), 2)] {
            let plan = try Planner(parallelism: p).plan(g)
            for (f, t) in [("text", plan.text), ("json", plan.json), ("dot", plan.dot)] {
                print("@@@ \(n) \(f)"); print(t, terminator: "@@@END\n")
            }
        }
    }
}
