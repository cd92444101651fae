import WeirCore
import WeirGraph
import WeirRuntime

extension SimulatedJob {
    /// A function with state and timers of both clocks: one emits what came within each 10 ms of event
    /// time, the other what came within some milliseconds of processing time.
    static let functions = SimulatedJob(name: "functions") { job, world in
        let events = job.source(
            world.source("events", SimulatedEvent.samples(100, seed: 71), splits: 3), as: "events"
        )
        .watermarked(.boundedOutOfOrderness(.milliseconds(20))) { $0.at }
        .keyed(by: \.key)
        .process(SimulatedCollector(), as: "collect")
        events.sink(to: world.sink("by event time"), as: "by-event-time")
        events.sideOutput(SimulatedCollector.byClock)
            .sink(to: world.sink("by the clock"), as: "by-the-clock")
    }
}

/// The function of that example.
struct SimulatedCollector: KeyedProcessFunction {
    struct State: Codable, Equatable {
        /// The values of each stretch of event time, by its end.
        var open: [Int64: [Int]] = [:]
        /// The values since the clock's last timer.
        var recent: [Int] = []
    }
    static let byClock = SideOutput<Int>("by clock")

    let initialState = State()
    var sideOutputs: [any SideOutputDeclaration] { [Self.byClock] }

    func process(
        _ event: SimulatedEvent, state: inout State, context: KeyedContext<Int, String>
    ) throws {
        let end = (event.at.microseconds / 10_000 + 1) * 10_000
        state.open[end, default: []].append(event.value)
        context.registerEventTimeTimer(at: Timestamp(microseconds: end))
        if state.recent.isEmpty {
            context.registerProcessingTimeTimer(at: context.processingTime + .milliseconds(3))
        }
        state.recent.append(event.value)
    }

    func onTimer(
        _ timer: FiredTimer, state: inout State, context: KeyedContext<Int, String>
    ) throws {
        switch timer.domain {
        case .eventTime:
            let values = state.open.removeValue(forKey: timer.time.microseconds) ?? []
            context.emit("\(timer.time) \(context.key): \(values.sorted())")
        case .processingTime:
            for value in state.recent { try context.emit(value, to: Self.byClock) }
            state.recent = []
        }
    }
}
