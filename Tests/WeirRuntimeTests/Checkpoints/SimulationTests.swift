import Testing
import WeirCore
import WeirTesting

@Suite struct `A simulation` {
    @Test(arguments: SimulatedJob.examples.map(\.name))
    func `finds nothing wrong with a job under every fault`(name: String) throws {
        let job = try #require(SimulatedJob.example(name))
        let report = try Simulation.run(job, seeds: 1...500, faults: .all)
        #expect(report.runs == 500)
        for kind in FaultKind.allCases { #expect(report.faults[kind, default: 0] > 5, "\(kind)") }
        print(name, report)
    }
}
