import Weir

/// A count by key in windows of ten seconds: a million records, a hundred for each key, a window.
enum TumblingCount {
    static let size = Duration.seconds(10)

    static let all = [
        Benchmark(name: "tumbling count", define: define, loop: tumblingCountLoop),
        Benchmark(name: "exchange P=1 fused", splits: 2, define: define, loop: tumblingCountLoop),
        Benchmark(
            name: "exchange P=1", fusesKeyedEdges: false, splits: 2, define: define,
            loop: tumblingCountLoop),
        Benchmark(
            name: "exchange P=2", parallelism: 2, splits: 2, define: define, loop: tumblingCountLoop
        ),
    ]

    @Sendable
    static func define(_ job: JobBuilder, _ records: Int, _ splits: Int, _ tally: Tally) {
        job.source(
            GeneratorSource(count: records, splits: splits, EventGenerator()), as: "events"
        )
        .watermarked(.boundedOutOfOrderness(EventGenerator.disorder)) { $0.time }
        .keyed(by: { $0.key })
        .windowed(.tumbling(size), late: .drop)
        .aggregate(Count(), as: "count") { key, window, count in
            KeyCount(key: key, start: window.start, count: count)
        }
        .sink(to: CheckSink(tally: tally), as: "check")
    }
}

/// The count by hand. Records are less out of order than a window is long, so that two windows are
/// open at a time: one that fills, and the next.
@inline(never)
private func tumblingCountLoop(_ records: Int) -> Outcome {
    let generator = EventGenerator()
    let size = TumblingCount.size.wholeMicroseconds
    let bound = EventGenerator.disorder.wholeMicroseconds
    var outcome = Outcome()
    var current = [Int: Int](minimumCapacity: EventGenerator.keys)
    var next = [Int: Int](minimumCapacity: EventGenerator.keys)
    var start = EventGenerator.origin / size * size

    func emit(_ counts: [Int: Int]) {
        for (key, count) in counts {
            let row = KeyCount(key: key, start: Timestamp(microseconds: start), count: count)
            outcome.add(row.checksum)
        }
    }
    for index in 0..<records {
        let event = generator.record(at: index)
        let time = event.time.microseconds
        if time < start + size {
            current[event.key, default: 0] += 1
            continue
        }
        next[event.key, default: 0] += 1
        if time - bound > start + size {
            emit(current)
            current.removeAll(keepingCapacity: true)
            swap(&current, &next)
            start += size
        }
    }
    emit(current)
    start += size
    emit(next)
    return outcome
}
