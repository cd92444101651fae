import WeirCore
import WeirGraph
import WeirRuntime

extension SimulatedJob {
    /// Jobs that differ in shape, for checks of the engine itself.
    public static let examples: [SimulatedJob] = [stateless]

    /// The example with that name.
    public static func example(_ name: String) -> SimulatedJob? {
        examples.first { $0.name == name }
    }

    /// Records filtered, mapped, dealt to other workers: nothing is kept but positions.
    static let stateless = SimulatedJob(name: "stateless") { job, world in
        job.source(world.source("numbers", Array(0..<120), splits: 3), as: "numbers")
            .filter { $0 % 5 != 0 }
            .rebalanced()
            .flatMap { [$0, -$0] }
            .sink(to: world.sink("out"), as: "out")
    }
}
