import Dispatch
import Foundation
import Synchronization
import Weir

/// A thread that watches, beside a job, what the machine does to it.
///
/// It sleeps a millisecond at a time and notes how late it wakes (``SleepGaps``), and 20 times a second looks up how
/// long the job's threads have waited for a core (``CoreWaits``). That takes about a hundredth of a core. A thread that
/// only reads the clock would see shorter gaps, but would take a core of its own, on which the engine writes
/// checkpoints: it would cause what it is to find. One for each core, tied to it, would have to run before the job's
/// thread there, or it would show that the core is busy and not that it is gone.
final class MachineWatch: Sendable {
    private let isStopped = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)
    private let result = Locked<MachineGaps?>(nil)

    /// Starts watching; what comes before `start` nanoseconds of `clock` does not count.
    init(from start: Int, clock: @escaping @Sendable () -> Int) {
        let thread = Thread { [self] in
            watch(from: start, clock)
            ended.signal()
        }
        thread.name = "machine-watch"
        thread.start()
    }

    /// Stops watching.
    ///
    /// - Returns: What was seen; `nil` where the time to count from did not come.
    func stop() -> MachineGaps? {
        isStopped.store(true, ordering: .relaxed)
        ended.wait()
        return result.withLock { $0 }
    }

    private func watch(from start: Int, _ clock: () -> Int) {
        while clock() < start {
            if isStopped.load(ordering: .relaxed) { return }
            Self.sleep()
        }
        let own = Self.threadNumber
        var gaps = SleepGaps()
        var waits = CoreWaits()
        let stolenBefore = StolenTime.ticks
        let preemptionsBefore = ResourceUsage.current().preemptions
        var looks = true
        var nextLook = Int.min
        while true {
            let isLast = isStopped.load(ordering: .relaxed)
            if looks, isLast || clock() >= nextLook {
                let look = CoreWaits.look(leavingOut: own)
                looks = look != nil
                waits.add(look ?? [:], at: clock())
                nextLook = clock() + 50_000_000
            }
            if isLast { break }
            let asleep = clock()
            Self.sleep()
            let awake = clock()
            gaps.add(late: awake - asleep - SleepGaps.interval, at: awake)
        }
        let stolen = StolenTime.ticks.flatMap { now in stolenBefore.map { (now - $0) * 10 } }
        let preemptions = ResourceUsage.current().preemptions - preemptionsBefore
        let seen = MachineGaps(
            gaps, looks ? waits : nil, preemptions: preemptions, stolenMilliseconds: stolen)
        result.withLock { $0 = seen }
    }

    private static func sleep() {
        var time = timespec(tv_sec: 0, tv_nsec: SleepGaps.interval)
        nanosleep(&time, nil)
    }

    /// The kernel's number of the thread that asks; 0 where there is none.
    private static var threadNumber: Int {
        let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
        return path?.split(separator: "/").last.flatMap { Int($0) } ?? 0
    }
}
