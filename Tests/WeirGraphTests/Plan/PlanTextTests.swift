import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime

@Suite struct `Plan text` {
    private func plan(_ graph: LogicalGraph, parallelism: Int = 2) throws -> PhysicalPlan {
        try Planner(parallelism: parallelism).plan(graph)
    }

    @Test func `is a tree of chains for people`() throws {
        #expect(try plan(Jobs.straight()).text == PlanGoldens.straightText)
        #expect(try plan(Jobs.counts()).text == PlanGoldens.countsText)
        #expect(try plan(Jobs.flights()).text == PlanGoldens.flightsText)
    }

    @Test func `is JSON for tools`() throws {
        #expect(try plan(Jobs.straight()).json == PlanGoldens.straightJSON)
        #expect(try plan(Jobs.counts()).json == PlanGoldens.countsJSON)
        #expect(try plan(Jobs.flights()).json == PlanGoldens.flightsJSON)
    }

    @Test func `is DOT for drawing`() throws {
        #expect(try plan(Jobs.straight()).dot == PlanGoldens.straightDOT)
        #expect(try plan(Jobs.counts()).dot == PlanGoldens.countsDOT)
        #expect(try plan(Jobs.flights()).dot == PlanGoldens.flightsDOT)
    }

    @Test(arguments: [1, 2, 5])
    func `decodes from JSON to the same description`(parallelism: Int) throws {
        for graph in [Jobs.straight(), Jobs.counts(), Jobs.flights()] {
            let plan = try plan(graph, parallelism: parallelism)
            let decoded = try JSONDecoder().decode(
                PlanDescription.self, from: Data(plan.json.utf8))
            #expect(decoded == plan.planDescription)
            #expect(decoded.chains.flatMap(\.operators).count == graph.operators.count)
        }
    }

    @Test func `shows what is fused at parallelism one`() throws {
        #expect(
            try plan(Jobs.counts(), parallelism: 1).text == #"""
                job 'word "counts"': 1 worker, 2 chains, 1 queue, 128 key groups

                chain 0 ×1
                  source 'a "b" \c': lines of C:\in
                  watermarked-1: out of order by at most 0 s
                  aggregate 'counts': tumbling 1 ms
                  ├─ forward, 1 queue → chain 1 ×1 on lanes: may block
                  │    sink 'table': table
                  └─ late records, in the same chain
                     sink 'late': late.jsonl

                """#)
    }

    @Test func `refers to an operator with several inputs below all but the first`() throws {
        let job = JobBuilder(name: "self-join")
        let numbers = job.source(PlannedSource<Int>(summary: "numbers"), as: "numbers")
            .watermarked(.atEnd, as: "timed") { _ in .epoch }
        numbers.keyed(by: { $0 })
            .joined(
                with: numbers.keyed(by: { $0 }), in: .tumbling(.seconds(1)), late: .drop,
                as: "pairs"
            ) { $0 + $1 }
            .union(numbers, as: "all")
            .sink(to: PlannedSink(summary: "memory"), as: "results")
        #expect(
            try plan(job.graph).text == """
                job 'self-join': 2 workers, 3 chains, 12 queues, 128 key groups

                chain 0 ×2
                  source 'numbers': numbers
                  watermarked 'timed': only at the end
                  ├─ by key Int, 4 queues → chain 1 ×2 (input 1 of 2)
                  │    join 'pairs': inner, tumbling 1 s
                  │    └─ forward, 2 queues → chain 2 ×2
                  │         union 'all'
                  │         sink 'results': memory
                  ├─ by key Int, 4 queues ↳ joins 'pairs' (input 2 of 2)
                  └─ forward, 2 queues ↳ joins 'all'

                """)
    }
}
