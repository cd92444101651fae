import Foundation
import Weir

/// More workers than cores: the same keyed job with sixteen and with two.
enum WorkersLimit {
    static func check(records: Int, runs: Int) async throws -> [LimitFinding] {
        let few = benchmark(workers: 2)
        let many = benchmark(workers: 16)
        var fewTimes: [Double] = []
        var manyTimes: [Double] = []
        var outcomes: [Outcome] = []
        for _ in 0..<runs {
            for benchmark in [few, many] {
                let start = BenchmarkClock.wall.now()
                outcomes.append(try await benchmark.runEngine(records: records))
                let taken = (BenchmarkClock.wall.now() - start) / Double(records)
                benchmark.parallelism == 2 ? fewTimes.append(taken) : manyTimes.append(taken)
            }
        }
        guard outcomes.allSatisfy({ $0 == outcomes[0] }) else {
            throw BenchmarkError.unequalResults(["16 workers and 2"])
        }
        let two = Times(fewTimes)
        let sixteen = Times(manyTimes)
        let ratio = two.median / sixteen.median
        return [
            LimitFinding(
                name: "throughput of 16 workers over that of 2", value: ratio, unit: "×",
                bar: "≥ 0.7", isMet: ratio >= 0.7,
                detail: "\(records) records; \(sixteen.median.text(2)) and "
                    + "\(two.median.text(2)) ns a record, "
                    + "\(ProcessInfo.processInfo.activeProcessorCount) cores")
        ]
    }

    private static func benchmark(workers: Int) -> Benchmark {
        Benchmark(
            name: "\(workers) workers", parallelism: workers, splits: 16,
            define: TumblingCount.define, loop: { _ in Outcome() })
    }
}
