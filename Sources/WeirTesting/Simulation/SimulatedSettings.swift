import WeirCore
import WeirRuntime

/// What differs from run to run without being a fault; follows from the seed.
struct SimulatedSettings {
    let retained: Int
    let interval: Duration
    let timeout: Duration
    let toleratedFailures: Int?
    let fusesKeyedEdges: Bool
    /// The share of the job's limit after which barriers overtake records.
    private let overtakingShare: Double
    private let parallelisms: [Int]
    private let batchSizes: [Int]
    private let queueCapacity: Int
    private let restartStrategy: RestartStrategy

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed ^ 0x5e77_1265)
        retained = Int.random(in: 1...3, using: &random)
        interval = .microseconds(Int.random(in: 500...6_000, using: &random))
        timeout = Int.random(in: 0..<4, using: &random) == 0 ? .milliseconds(30) : .seconds(60)
        toleratedFailures = Int.random(in: 0..<3, using: &random) == 0 ? 1 : nil
        fusesKeyedEdges = Bool.random(using: &random)
        parallelisms = (0..<5).map { _ in Int.random(in: 1...3, using: &random) }
        batchSizes = (0..<5).map { _ in [2, 5, 16][Int.random(in: 0..<3, using: &random)] }
        queueCapacity = [2, 4][Int.random(in: 0..<2, using: &random)]
        let strategies: [RestartStrategy] = [
            .never, .fixedDelay(.milliseconds(5), attempts: 3),
            .exponentialBackoff(initial: .milliseconds(2), maximum: .milliseconds(50)),
            .failureRate(failures: 2, within: .seconds(1), delay: .milliseconds(1)),
        ]
        restartStrategy = strategies[Int.random(in: strategies.indices, using: &random)]
        overtakingShare = [0, 0.1, 1][Int.random(in: 0..<3, using: &random)]
    }

    /// When barriers overtake records, where they ever do.
    func unalignedAfter(atMost limit: Duration?) -> Duration? { limit.map { $0 * overtakingShare } }

    /// The number of workers of the n-th process.
    func parallelism(_ process: Int) -> Int { parallelisms[process % parallelisms.count] }

    /// How the n-th process runs, but for its checkpoints.
    func options(_ process: Int) -> ExecutionOptions {
        var options = ExecutionOptions()
        options.batchSize = batchSizes[process % batchSizes.count]
        options.queueCapacity = queueCapacity
        options.restartStrategy = restartStrategy
        return options
    }
}
