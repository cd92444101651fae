import WeirCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What the engine wants to know of the machine that it runs on.
enum Machine {
    /// A worker for each core that is online, as far as there are key groups for them.
    static var defaultParallelism: Int {
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        return min(max(1, Int(cores)), KeyGroups.defaultCount)
    }

    /// The wall clock.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// A variable of the environment; `nil` where it is not set.
    static func environment(_ name: String) -> String? {
        // SAFETY: the string is copied before anything could change the environment; the engine
        // itself never does.
        getenv(name).map { String(cString: $0) }
    }
}
