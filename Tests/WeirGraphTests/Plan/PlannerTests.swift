import Testing
import WeirCore
import WeirGraph
import WeirRuntime

@Suite struct `Planning` {
    /// The operators of each chain, with its subtasks and placement.
    private func chains(
        _ graph: LogicalGraph, parallelism: Int, fusesKeyedEdges: Bool = true
    ) throws -> [String] {
        let planner = Planner(parallelism: parallelism, fusesKeyedEdges: fusesKeyedEdges)
        return try planner.plan(graph).chains.map { chain in
            chain.operators.map(\.name).joined(separator: " ")
                + " ×\(chain.subtasks) \(chain.placement.rawValue)"
        }
    }

    @Test(arguments: [1, 2, 128])
    func `fuses what is joined one to one`(parallelism: Int) throws {
        #expect(
            try chains(Jobs.straight(), parallelism: parallelism) == [
                "numbers filter-1 double results ×\(parallelism) workers"
            ])
    }

    @Test func `gives a sink that may block lanes of its own`() throws {
        let graph = Jobs.straight(sink: PlannedSink(summary: "disk", writeMode: .blocking))
        #expect(
            try chains(graph, parallelism: 3) == [
                "numbers filter-1 double ×3 workers", "results ×3 lanes",
            ])
    }

    @Test func `does not fuse with an operator of fewer subtasks`() throws {
        let graph = Jobs.straight(sink: PlannedSink(summary: "one", maximumParallelism: 1))
        #expect(
            try chains(graph, parallelism: 2) == [
                "numbers filter-1 double ×2 workers", "results ×1 workers",
            ])
        #expect(
            try chains(graph, parallelism: 1) == ["numbers filter-1 double results ×1 workers"])
    }

    @Test func `exchanges by key between several subtasks, and fuses between single ones`() throws {
        #expect(
            try chains(Jobs.counts(), parallelism: 2) == [
                #"a "b" \c watermarked-1 ×2 workers"#, "counts late ×2 workers", "table ×1 lanes",
            ])
        #expect(
            try chains(Jobs.counts(), parallelism: 1) == [
                #"a "b" \c watermarked-1 counts late ×1 workers"#, "table ×1 lanes",
            ])
    }

    @Test func `keeps a keyed edge between single subtasks when told not to fuse it`() throws {
        #expect(
            try chains(Jobs.counts(), parallelism: 1, fusesKeyedEdges: false) == [
                #"a "b" \c watermarked-1 ×1 workers"#, "counts late ×1 workers", "table ×1 lanes",
            ])
    }

    @Test func `starts a chain at an operator with several inputs`() throws {
        let job = JobBuilder(name: "merged")
        let left = job.source(PlannedSource<Int>(summary: "left"), as: "left")
        let right = job.source(PlannedSource<Int>(summary: "right"), as: "right")
        left.union(right).sink(to: PlannedSink(summary: "memory"), as: "all")
        #expect(
            try chains(job.graph, parallelism: 1) == [
                "left ×1 workers", "right ×1 workers", "union-1 all ×1 workers",
            ])
    }

    @Test func `joins every producer to every consumer of a keyed edge`() throws {
        let plan = try Planner(parallelism: 3).plan(Jobs.counts())
        let targets = plan.connections.map { connection in
            (0..<connection.producers).map { connection.targets(of: $0) }
        }
        #expect(targets == [[[0, 1, 2], [0, 1, 2], [0, 1, 2]], [[0], [0], [0]]])
    }

    @Test(arguments: [0, -4])
    func `refuses a parallelism below one`(parallelism: Int) {
        #expect(
            message { try Planner(parallelism: parallelism).plan(Jobs.straight()) } == """
                job 'straight' cannot run:
                  - the parallelism is \(parallelism). Ask for at least one worker: \
                `--parallelism 1`.
                """)
    }

    @Test func `refuses more workers than key groups`() {
        #expect(
            message { try Planner(parallelism: 129).plan(Jobs.straight()) } == """
                job 'straight' cannot run:
                  - the parallelism is 129, but keys are spread over 128 key groups, and a worker \
                without one would idle. Ask for at most 128 workers, or raise the number of key \
                groups.
                """)
    }
}

/// What an attempt fails with, as text.
func message<Result>(_ attempt: () throws -> Result) -> String? {
    do {
        _ = try attempt()
        return nil
    } catch {
        return "\(error)"
    }
}
