import Foundation

/// What times are taken by.
enum BenchmarkClock: String, CaseIterable, Sendable {
    /// The time that passes.
    case wall
    /// The processor time of the whole process: what others on a busy machine take does not count,
    /// and neither does what several workers gain.
    case cpu

    /// Nanoseconds since some point.
    func now() -> Double {
        var time = timespec()
        clock_gettime(self == .wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
