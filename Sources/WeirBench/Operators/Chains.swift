import Weir

// Stateless chains. The functions are written out once for each number of maps, as a user would write
// them; the loops call the same functions, so both sides do the same work for each record.

@inline(__always)
private func isKept(_ event: Event) -> Bool { event.value & 4 == 0 }

@inline(__always)
private func scaled(_ event: Event) -> Event {
    Event(
        key: event.key, value: event.value &* 5 &+ 3, time: event.time, amount: event.amount * 1.5)
}

@inline(__always)
private func scaled(_ event: Event, by factor: Int) -> Event {
    Event(
        key: event.key, value: event.value &* factor, time: event.time, amount: event.amount * 1.5)
}

@inline(__always)
private func shifted(_ event: Event) -> Event {
    Event(
        key: event.key &+ 7, value: event.value ^ event.key, time: event.time,
        amount: event.amount - 2)
}

@inline(__always)
private func folded(_ event: Event) -> Event {
    Event(
        key: event.key, value: event.value &- (event.value &>> 3), time: event.time,
        amount: event.amount + Double(event.key))
}

@inline(__always)
private func signed(_ event: Event) -> Event {
    Event(
        key: event.key &* 3, value: event.value &+ event.key, time: event.time,
        amount: -event.amount)
}

@inline(__always)
private func events(_ job: JobBuilder, _ records: Int) -> DataStream<Event> {
    job.source(GeneratorSource(count: records, EventGenerator()), as: "events")
}

/// The loop that all chains are compared with; `body` is inlined, so each call is a loop of its own.
@inline(__always)
private func generated(_ records: Int, _ body: (Event, inout Outcome) -> Void) -> Outcome {
    let generator = EventGenerator()
    var outcome = Outcome()
    for index in 0..<records { body(generator.record(at: index), &outcome) }
    return outcome
}

enum Chains {
    static let all = [
        sourceSink, map, filter, capturing, oneMap, twoMaps, threeMaps, fourMaps,
    ]

    static let sourceSink = Benchmark(
        name: "source+sink",
        define: { job, records, _, tally in
            events(job, records).sink(to: CheckSink(tally: tally), as: "check")
        }, loop: sourceSinkLoop)

    static let map = Benchmark(
        name: "map",
        define: { job, records, _, tally in
            events(job, records).map { scaled($0) }.sink(to: CheckSink(tally: tally), as: "check")
        }, loop: mapLoop)

    static let filter = Benchmark(
        name: "filter",
        define: { job, records, _, tally in
            events(job, records).filter { isKept($0) }.sink(
                to: CheckSink(tally: tally), as: "check")
        }, loop: filterLoop)

    /// A function that captures a value: the engine has to call it for each record.
    static let capturing = Benchmark(
        name: "map that captures",
        define: { job, records, _, tally in
            events(job, records).map { scaled($0, by: records) }
                .sink(to: CheckSink(tally: tally), as: "check")
        }, loop: capturingLoop)

    static let oneMap = Benchmark(
        name: "map+filter",
        define: { job, records, _, tally in
            events(job, records).map { scaled($0) }.filter { isKept($0) }
                .sink(to: CheckSink(tally: tally), as: "check")
        }, loop: oneMapLoop)

    static let twoMaps = Benchmark(
        name: "2 maps+filter",
        define: { job, records, _, tally in
            events(job, records).map { scaled($0) }.map { shifted($0) }.filter { isKept($0) }
                .sink(to: CheckSink(tally: tally), as: "check")
        }, loop: twoMapsLoop)

    static let threeMaps = Benchmark(
        name: "3 maps+filter",
        define: { job, records, _, tally in
            events(job, records).map { scaled($0) }.map { shifted($0) }.map { folded($0) }
                .filter { isKept($0) }.sink(to: CheckSink(tally: tally), as: "check")
        }, loop: threeMapsLoop)

    static let fourMaps = Benchmark(
        name: "4 maps+filter",
        define: { job, records, _, tally in
            events(job, records).map { scaled($0) }.map { shifted($0) }.map { folded($0) }
                .map { signed($0) }.filter { isKept($0) }
                .sink(to: CheckSink(tally: tally), as: "check")
        }, loop: fourMapsLoop)
}

@inline(never)
private func sourceSinkLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in outcome.add(event.checksum) }
}

@inline(never)
private func mapLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in outcome.add(scaled(event).checksum) }
}

@inline(never)
private func capturingLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in outcome.add(scaled(event, by: records).checksum) }
}

@inline(never)
private func filterLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in
        if isKept(event) { outcome.add(event.checksum) }
    }
}

@inline(never)
private func oneMapLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in
        let mapped = scaled(event)
        if isKept(mapped) { outcome.add(mapped.checksum) }
    }
}

@inline(never)
private func twoMapsLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in
        let mapped = shifted(scaled(event))
        if isKept(mapped) { outcome.add(mapped.checksum) }
    }
}

@inline(never)
private func threeMapsLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in
        let mapped = folded(shifted(scaled(event)))
        if isKept(mapped) { outcome.add(mapped.checksum) }
    }
}

@inline(never)
private func fourMapsLoop(_ records: Int) -> Outcome {
    generated(records) { event, outcome in
        let mapped = signed(folded(shifted(scaled(event))))
        if isKept(mapped) { outcome.add(mapped.checksum) }
    }
}
