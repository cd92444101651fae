import Testing
import WeirCore
import WeirGraph
import WeirRuntime

@testable import Weir

@Suite struct `Embedded job` {
    private func job(_ source: CountedSource, _ sink: KeepingSink<Int>) -> Job {
        Job("squares") { job in
            job.source(source, as: "numbers").map { $0 * $0 }.sink(to: sink, as: "results")
        }
    }

    @Test func `runs to its end, as often as it is started`() async throws {
        let sink = KeepingSink<Int>(kept: KeepingSink<Int>.Kept())
        let job = job(CountedSource(count: 4), sink)
        for run in 1...2 {
            let summary = try await job.start(parallelism: 2).summary()
            #expect(summary.outcome == .finished)
            #expect(summary.recordsRead == 4)
            #expect(sink.kept.rows.withLock { $0.sorted() }.count == 4 * run)
        }
        #expect(sink.kept.rows.withLock { Set($0) } == [0, 1, 4, 9])
    }

    @Test func `stops when told to, and drains`() async throws {
        let sink = KeepingSink<Int>(kept: KeepingSink<Int>.Kept())
        let run = try job(CountedSource(count: 4, staysOpen: true), sink).start(parallelism: 1)
        run.stop()
        let summary = try await run.summary()
        #expect(summary.outcome == .stopped)
        #expect(summary.recordsRead == sink.kept.rows.withLock { $0.count })
        #expect(run.metrics().operators.map(\.id.name) == ["numbers", "map-1", "results"])
    }

    @Test func `throws when it is aborted`() async throws {
        let sink = KeepingSink<Int>(kept: KeepingSink<Int>.Kept())
        let run = try job(CountedSource(count: 4, staysOpen: true), sink).start()
        run.abort()
        let failure = await #expect(throws: JobFailure.self) { try await run.summary() }
        #expect(failure?.cause as? JobError == .aborted(job: "squares"))
        #expect(failure?.summary.outcome == .aborted)
    }

    @Test func `refuses what cannot be planned before it starts anything`() {
        let error = #expect(throws: ValidationError.self) { try Job(EndlessJob()).start() }
        #expect(error?.job == "endless-job")
        #expect(throws: ValidationError.self) {
            try job(CountedSource(count: 1), KeepingSink(kept: .init())).plan(parallelism: 0)
        }
    }

    @Test func `passes on what its definition throws`() {
        #expect(throws: Indivisible.self) { try Job("job") { _ in throw Indivisible() } }
    }
}
