import CBenchProbes

/// Counts of allocations: how often the process has asked for memory, on all its threads.
enum Allocations {
    /// So far; not a number where it is not known.
    static var count: Double {
        let count = bench_probe_allocations()
        return count < 0 ? .nan : Double(count)
    }
}
