import Synchronization
import Weir
import WeirNexmark

/// When each event of the benchmark is due: the first at once, and then so many a second. Notes
/// besides how far behind that events are made.
final class EventSchedule: Sendable {
    let rate: Double
    /// The first of the measured events; those before warm the job up.
    let firstMeasured: Int
    let count: Int
    private let splits: Int
    /// Every so many events, a power of two, less one: one or two hundred times a second.
    private let sampleMask: Int
    private let made = Locked<[Made]>([])
    private let origin = ContinuousClock.now
    /// Nanoseconds from `origin` to when the first and the last split has made its first event.
    private let firstStart = Atomic<Int>(.max)
    private let lastStart = Atomic<Int>(0)

    /// Ten events come in each millisecond of event time, and nine in the first.
    private static let eventsPerMillisecond = 10
    private static let epochMilliseconds: Int64 = 1_436_918_400_000
    /// How far watermarks are behind events.
    private static let delayMilliseconds: Int64 = 4_000

    /// How far behind its schedule an event was made.
    struct Sample: Sendable {
        /// Seconds from the start of the schedule to when the event was due.
        var due: Double
        var lag: Double
    }

    private struct Made {
        let index: Int
        let at: Int
    }

    init(rate: Double, count: Int, splits: Int) {
        self.rate = rate
        self.count = count
        self.splits = splits
        firstMeasured = count / 5
        var mask = Int.max
        while Double(mask) > rate / 100 { mask /= 2 }
        sampleMask = mask
    }

    /// Nanoseconds since the schedule was made.
    var now: Int {
        let passed = (ContinuousClock.now - origin).components
        return Int(passed.seconds) * 1_000_000_000 + Int(passed.attoseconds / 1_000_000_000)
    }

    /// An event is made; the first of each split tells when its part of the schedule begins.
    @inline(__always) func note(_ index: Int) {
        if index < splits { noteStart() }
        if index & sampleMask == 0 { noteTime(of: index) }
    }

    @inline(never) private func noteStart() {
        let now = now
        firstStart.min(now, ordering: .relaxed)
        lastStart.max(now, ordering: .relaxed)
    }

    @inline(never) private func noteTime(of index: Int) {
        let now = now
        made.withLock { $0.append(Made(index: index, at: now)) }
    }

    /// How far behind its schedule the source has been so far, in order of time.
    var lags: [Sample] {
        let start = lastStart.load(ordering: .relaxed)
        return made.withLock { $0 }.sorted { $0.index < $1.index }.map { made in
            let due = Double(made.index) / rate
            return Sample(due: due, lag: max(0, Double(made.at - start) / 1e9 - due))
        }
    }

    /// When what a row of this event time waits for was due, in nanoseconds since the schedule was made;
    /// `nil` where that is not measured: before the measured events, or behind the last.
    func due(_ time: Timestamp, _ trigger: LatencyQuery.Trigger) -> Int? {
        let microseconds = time.microseconds - Self.epochMilliseconds * 1_000
        var milliseconds = (microseconds + 999) / 1_000
        if trigger == .watermark { milliseconds += Self.delayMilliseconds }
        let index = max(0, Int(milliseconds) * Self.eventsPerMillisecond - 1)
        guard index >= firstMeasured, index < count else { return nil }
        // Splits do not begin at quite the same moment. A watermark needs all of them.
        let start =
            trigger == .watermark
            ? lastStart.load(ordering: .relaxed) : firstStart.load(ordering: .relaxed)
        return start + Int(Double(index) / rate * 1e9)
    }
}

/// The benchmark's events, which tell their schedule when they begin.
struct ScheduledEvents: RecordGenerator {
    let schedule: EventSchedule
    private let generator = NexmarkGenerator()

    init(schedule: EventSchedule) { self.schedule = schedule }

    @inline(__always) func record(at index: Int) -> NexmarkEvent {
        schedule.note(index)
        return generator.record(at: index)
    }
}
