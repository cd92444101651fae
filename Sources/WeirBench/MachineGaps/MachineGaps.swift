/// What the machine did to a job while its latencies were measured. Moments are seconds since its schedule was
/// made; those of `--lags` are since its first event, which is some milliseconds later.
struct MachineGaps: Encodable, Sendable, Equatable {
    /// How late a sleeping thread woke, in milliseconds.
    let overslept50, overslept99, overslept999, oversleptMost: Double
    let oversleptMostAt: Double
    /// How often that was more than half a millisecond, and how many milliseconds together.
    let gaps: Int
    let gapMilliseconds: Double
    /// Milliseconds that the process's threads were ready and had no core, all together and the most of one within
    /// a twentieth of a second; `nil` where the kernel does not tell.
    let waitedMilliseconds, waitedMost, waitedMostAt: Double?
    /// How often a thread of the process lost its core to another thread.
    let preemptions: Int
    /// What the host took from all cores together, in steps of 10 ms; `nil` where the kernel does not tell.
    let stolenMilliseconds: Int?

    init(_ gaps: SleepGaps, _ waits: CoreWaits?, preemptions: Int, stolenMilliseconds: Int?) {
        overslept50 = gaps.milliseconds(at: 50)
        overslept99 = gaps.milliseconds(at: 99)
        overslept999 = gaps.milliseconds(at: 99.9)
        oversleptMost = Double(gaps.longest) / 1e6
        oversleptMostAt = Double(gaps.longestAt) / 1e9
        self.gaps = gaps.gaps
        gapMilliseconds = Double(gaps.total) / 1e6
        waitedMilliseconds = waits.map { Double($0.total) / 1e6 }
        waitedMost = waits.map { Double($0.longest) / 1e6 }
        waitedMostAt = waits.map { Double($0.longestAt) / 1e9 }
        self.preemptions = preemptions
        self.stolenMilliseconds = stolenMilliseconds
    }

    var text: String {
        var waits = "unknown"
        if let waitedMilliseconds, let waitedMost, let waitedMostAt {
            waits =
                "\(waitedMilliseconds.text(1)) ms in all, at most \(waitedMost.text(1)) within 50 ms "
                + "(\(waitedMostAt.text(1)) s)"
        }
        return """
            the machine: sleeps of 1 ms ended late by p50 \(overslept50.text(3)) ms, \
            p99 \(overslept99.text(3)), p99.9 \(overslept999.text(3)), most \(oversleptMost.text(3)) \
            (\(oversleptMostAt.text(1)) s); \(gaps) by more than 0.5 ms, \(gapMilliseconds.text(1)) ms in all
            threads ready without a core: \(waits); \(preemptions) preempted; \
            taken by the host: \(stolenMilliseconds.map { "\($0) ms" } ?? "unknown")
            """
    }
}
