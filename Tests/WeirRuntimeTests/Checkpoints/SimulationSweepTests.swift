import Testing
import WeirCore
import WeirGraph
import WeirRuntime

@testable import WeirTesting

@Suite struct `A sweep of simulations` {
    @Test func `comes to what its runs come to one by one, whatever its width`() async throws {
        var sweep = SimulationSweep(jobs: [.stateless, .windows], seeds: 7...30)
        sweep.width = 3
        var progress: [Int] = []
        let result = try await sweep.run { progress.append($0.runs) }
        #expect(result.failures.isEmpty)
        #expect(result.repeatedRuns == 2)
        #expect(progress == [32, 48])
        for (job, report) in zip(sweep.jobs, result.reports) {
            let expected = try Simulation.run(job, seeds: 7...30)
            #expect(report.runs == 24)
            #expect(report.trace == expected.trace)
            #expect(report.faults == expected.faults)
        }
    }

    @Test func `goes on after a failure, and gives up after the last it bears`() async throws {
        // Its rows are wrong after a restart.
        let job = SimulatedJob(name: "forgetful") { job, world in
            let offset = world.process > 1 ? 1_000 : 0
            job.source(world.source("numbers", Array(0..<60)), as: "numbers")
                .map { $0 + offset }
                .sink(to: world.sink("out"), as: "out")
        }
        var sweep = SimulationSweep(jobs: [job, .stateless], seeds: 1...2_000)
        sweep.faults = .crashes
        sweep.maximumFailures = 20
        var told: [UInt64] = []
        let result = try await sweep.run { told += $0.failures.map(\.seed) }
        #expect(result.failures.count >= 20 && result.failures.count < 40)
        #expect(told == result.failures.map(\.seed))
        #expect(result.failures.allSatisfy { $0.job == "forgetful" })
        #expect(result.reports[0].runs > 0 && result.reports[1].runs < 2_000)
    }

    @Test func `notices a job that runs otherwise each time`() async throws {
        let runs = Locked(0)
        let job = SimulatedJob(name: "fickle") { job, world in
            let run = runs.withLock { count in
                count += 1
                return count
            }
            job.source(world.source("numbers", Array(0..<40)), as: "numbers")
                .map { run % 3 == 0 ? [$0, $0] : [$0] }
                .sink(
                    to: world.sink("out", comparing: { Set($0.joined()).sorted() }), as: "out")
        }
        var sweep = SimulationSweep(jobs: [job], seeds: 1...8)
        sweep.faults = .none
        sweep.repeatsEachRun = true
        let failures = try await sweep.run().failures
        #expect(failures.contains { $0.problem.contains("the same seed made two runs") })
    }
}
