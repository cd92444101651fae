import Weir

/// A mean by a key that is text, in windows of ten seconds.
enum TumblingMean {
    static let size = Duration.seconds(10)
    static let generator = NamedEventGenerator()

    static let all = [
        Benchmark(
            name: "tumbling mean, String keys",
            define: { job, records, splits, tally in
                job.source(
                    GeneratorSource(count: records, splits: splits, generator), as: "events"
                )
                .watermarked(.boundedOutOfOrderness(EventGenerator.disorder)) { $0.time }
                .keyed(by: { $0.name })
                .windowed(.tumbling(size), late: .drop)
                .aggregate(Mean { $0.amount }, as: "mean") { name, window, mean in
                    NameMean(name: name, start: window.start, mean: mean ?? .nan)
                }
                .sink(to: CheckSink(tally: tally), as: "check")
            }, loop: tumblingMeanLoop)
    ]
}

/// A sum and the number of its terms.
private struct Total {
    var sum = 0.0
    var count = 0

    @inline(__always) mutating func add(_ amount: Double) {
        sum += amount
        count += 1
    }
}

/// The mean by hand: as the count by hand, with text for keys. Its sums are plain additions, where
/// the engine's carry rounding errors along; the amounts are quarters, so both are exact.
@inline(never)
private func tumblingMeanLoop(_ records: Int) -> Outcome {
    let generator = TumblingMean.generator
    let size = TumblingMean.size.wholeMicroseconds
    let bound = EventGenerator.disorder.wholeMicroseconds
    var outcome = Outcome()
    var current = [String: Total](minimumCapacity: EventGenerator.keys)
    var next = [String: Total](minimumCapacity: EventGenerator.keys)
    var start = EventGenerator.origin / size * size

    func emit(_ totals: [String: Total]) {
        for (name, total) in totals {
            let row = NameMean(
                name: name, start: Timestamp(microseconds: start),
                mean: total.sum / Double(total.count))
            outcome.add(row.checksum)
        }
    }
    for index in 0..<records {
        let event = generator.record(at: index)
        let time = event.time.microseconds
        if time < start + size {
            current[event.name, default: Total()].add(event.amount)
            continue
        }
        next[event.name, default: Total()].add(event.amount)
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
