import Weir

/// A count by key over the last minute, every second: a record lies in sixty windows, and ten
/// records come for each result.
enum SlidingCount {
    static let size = Duration.seconds(60)
    static let slide = Duration.seconds(1)

    static let all = [
        Benchmark(
            name: "sliding count 60 s/1 s",
            define: { job, records, splits, tally in
                job.source(
                    GeneratorSource(count: records, splits: splits, EventGenerator()), as: "events"
                )
                .watermarked(.boundedOutOfOrderness(EventGenerator.disorder)) { $0.time }
                .keyed(by: { $0.key })
                .windowed(.sliding(size, every: slide), late: .drop)
                .aggregate(Count(), as: "count") { key, window, count in
                    KeyCount(key: key, start: window.start, count: count)
                }
                .sink(to: CheckSink(tally: tally), as: "check")
            }, loop: slidingCountLoop)
    ]
}

/// The counts of the last minute, as a ring of one dictionary a second and their running totals.
private struct LastMinute {
    var slices: [[Int: Int]]
    var totals = [Int: Int](minimumCapacity: EventGenerator.keys)
    var oldest = 0
    let size = SlidingCount.size.wholeMicroseconds

    init() {
        let empty = [Int: Int](minimumCapacity: EventGenerator.keys)
        let seconds = Int(SlidingCount.size / SlidingCount.slide)
        slices = (0..<seconds).map { _ in empty }
    }

    /// Moves on by one second, whose counts are `slice`, to the window that ends at `end`; counts,
    /// unlike most aggregates, can be taken out again.
    mutating func move(to end: Int64, adding slice: inout [Int: Int], into outcome: inout Outcome) {
        for (key, count) in slices[oldest] {
            let left = totals[key, default: 0] - count
            totals[key] = left == 0 ? nil : left
        }
        for (key, count) in slice { totals[key, default: 0] += count }
        slices[oldest].removeAll(keepingCapacity: true)
        swap(&slices[oldest], &slice)
        oldest = oldest + 1 == slices.count ? 0 : oldest + 1
        let start = Timestamp(microseconds: end - size)
        for (key, count) in totals {
            outcome.add(KeyCount(key: key, start: start, count: count).checksum)
        }
    }
}

/// The count by hand, sharing the counts of a second among the sixty windows that it lies in.
@inline(never)
private func slidingCountLoop(_ records: Int) -> Outcome {
    let generator = EventGenerator()
    let slide = SlidingCount.slide.wholeMicroseconds
    let bound = EventGenerator.disorder.wholeMicroseconds
    var outcome = Outcome()
    var window = LastMinute()
    var current = [Int: Int](minimumCapacity: EventGenerator.keys)
    var next = [Int: Int](minimumCapacity: EventGenerator.keys)
    var end = EventGenerator.origin / slide * slide + slide

    for index in 0..<records {
        let event = generator.record(at: index)
        let time = event.time.microseconds
        if time < end {
            current[event.key, default: 0] += 1
            continue
        }
        next[event.key, default: 0] += 1
        if time - bound > end {
            window.move(to: end, adding: &current, into: &outcome)
            swap(&current, &next)
            end += slide
        }
    }
    window.move(to: end, adding: &current, into: &outcome)
    window.move(to: end + slide, adding: &next, into: &outcome)
    // The windows that contain the last second but end after it.
    while !window.totals.isEmpty {
        end += slide
        current.removeAll(keepingCapacity: true)
        window.move(to: end + slide, adding: &current, into: &outcome)
    }
    return outcome
}
