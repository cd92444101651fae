import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime

@testable import WeirTesting

@Suite struct `A simulation` {
    /// The seeds tried with each job; others with `WEIR_SIMULATION_SEEDS` in the environment.
    private static let seeds =
        ProcessInfo.processInfo.environment["WEIR_SIMULATION_SEEDS"].flatMap { UInt64($0) }
        ?? leastSeeds
    /// As many as must have brought about everything there is.
    private static let leastSeeds: UInt64 = 75

    @Test(arguments: SimulatedJob.examples.map(\.name))
    func `finds nothing wrong with a job under every fault`(name: String) throws {
        let job = try #require(SimulatedJob.example(name))
        let report = try Simulation.run(job, seeds: 1...Self.seeds)
        #expect(report.runs == Int(Self.seeds))
        guard Self.seeds >= Self.leastSeeds else { return }
        #expect(report.processes > 90)
        #expect(report.checkpoints > 300)
        for kind in FaultKind.allCases { #expect(report.faults[kind, default: 0] > 0, "\(kind)") }
    }

    @Test(arguments: SimulatedJob.examples.map(\.name))
    func `finds nothing wrong where barriers overtake records`(name: String) throws {
        var job = try #require(SimulatedJob.example(name))
        job.unalignedAfter = .milliseconds(1)
        let report = try Simulation.run(job, seeds: 1...Self.seeds)
        #expect(report.runs == Int(Self.seeds))
        guard Self.seeds >= Self.leastSeeds else { return }
        #expect(report.checkpoints > 200)
        #expect(report.recordsInFlight > 100)
        for kind in FaultKind.allCases { #expect(report.faults[kind, default: 0] > 0, "\(kind)") }
    }

    @Test(arguments: SimulatedJob.examples.map(\.name))
    func `makes the same run of the same seed, and others of others`(name: String) throws {
        let job = try #require(SimulatedJob.example(name))
        let simulation = try Simulation(job)
        var traces: Set<UInt64> = []
        for seed in UInt64(1)...10 {
            let trace = try simulation.run(seed: seed).trace
            #expect(try simulation.run(seed: seed).trace == trace)
            traces.insert(trace)
        }
        #expect(traces.count == 10)
    }

    /// Seeds that once lost a directory that an earlier process had made and not made to last, and all
    /// checkpoints with it.
    @Test(arguments: [
        ("stateless", UInt64(236), "diskFails@5:180 crashOnDisk@40:782 diskFull@12:846"),
        ("windows", 1_339, "crashOnDisk@35:39 diskFails@1:288"),
        ("functions", 1_339, "crashOnDisk@25:39 diskFails@1:288"),
    ])
    func `keeps a directory that an earlier process had made`(
        name: String, seed: UInt64, plan: String
    ) throws {
        _ = try Simulation.replay(
            try #require(SimulatedJob.example(name)), seed: seed, plan: plan)
    }

    @Test func `writes faults as text and reads them again`() throws {
        let plan = FaultPlan([Fault(.crash, at: 120, amount: 7), Fault(.diskFull, at: 3)])
        #expect(plan.description == "crash@120:7 diskFull@3:0")
        #expect(try FaultPlan(plan.description) == plan)
        #expect(try FaultPlan("crash@4") == FaultPlan([Fault(.crash, at: 4)]))
        for text in ["crash", "crash@", "crush@4", "crash@4:x", "crash@4:1:2", "crash@4@5"] {
            #expect(throws: FaultPlanError.self) { try FaultPlan(text) }
        }
    }

    /// A job that is another after a restart: its rows are wrong then.
    private static let forgetful = SimulatedJob(name: "forgetful") { job, world in
        let offset = world.process > 1 ? 1_000 : 0
        job.source(world.source("numbers", Array(0..<60)), as: "numbers")
            .map { $0 + offset }
            .sink(to: world.sink("out"), as: "out")
    }

    @Test(arguments: SimulatedJob.examples.map(\.name))
    func `is the same whether or not its log is kept`(name: String) throws {
        let simulation = try Simulation(try #require(SimulatedJob.example(name)))
        for seed in UInt64(1)...5 {
            let log = SimulatedLog()
            let plan = simulation.plan(seed: seed)
            let logged = try simulation.outcome(seed, plan, log: log)
            #expect(try simulation.outcome(seed, plan).trace == logged.trace)
            #expect(log.lines.last?.hasSuffix("ends: finished") == true)
        }
    }

    @Test func `reports the fewest faults and how to run them again`() throws {
        let job = Self.forgetful
        let failure = #expect(throws: SimulationFailure.self) {
            try Simulation.run(job, seeds: 1...100, faults: .crashes)
        }
        let found = try #require(failure)
        #expect(found.plan.faults.count == 1)
        #expect(found.description.contains("plan: \"\(found.plan)\""))
        let kind = try #require(found.plan.faults.first?.kind)
        #expect(found.traceEnd.contains { $0.hasSuffix("meets \(kind)") })
        #expect(found.traceEnd.contains { $0.contains("process 2") })
        #expect(found.description.contains(found.traceEnd.joined(separator: "\n  ")))
        #expect(throws: SimulationFailure.self) {
            try Simulation.replay(job, seed: found.seed, plan: found.plan.description)
        }
        #expect(try Simulation.replay(job, seed: found.seed, plan: "").processes == 1)
    }
}
