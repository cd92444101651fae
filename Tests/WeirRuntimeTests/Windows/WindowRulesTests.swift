import Testing
import WeirCore
import WeirRuntime
import WeirTesting

private let ten = WindowAssigner.tumbling(.microseconds(10))
private let sessions = WindowAssigner.session(gap: .microseconds(10))

/// Windows judged one by one, those that are sliced and those of the general operator alike.
@Suite struct `The rules of windows` {
    /// Lateness of 0 takes the way of slices; the trigger forces the general one.
    private static let ways: [EventWindowing] = [
        EventWindowing(ten), EventWindowing(ten).with(PaneTrigger()),
    ]

    @Test(arguments: ways) func `watermark equal to the last point of a window fires it`(
        windowing: EventWindowing
    ) throws {
        let scenario = try WindowScenario(windowing)
        try scenario.send((0, 1), (9, 2))
        // A watermark of 8 says that 9, the last point before the end at 10, may still come.
        #expect(try scenario.watermark(8) == [])
        #expect(try scenario.watermark(9) == [PaneRow(1, 0, 10, [1, 2])])
        #expect(try scenario.watermark(10) == [])
    }

    @Test(arguments: ways) func `record exactly at a boundary belongs to the later window`(
        windowing: EventWindowing
    ) throws {
        let scenario = try WindowScenario(windowing)
        try scenario.send((10, 1), (9, 2))
        #expect(try scenario.end() == [PaneRow(1, 0, 10, [2]), PaneRow(1, 10, 20, [1])])
    }

    @Test(arguments: ways) func `negative timestamps round down`(windowing: EventWindowing) throws {
        let scenario = try WindowScenario(windowing)
        try scenario.send((-1, 1), (-10, 2), (-11, 3), (0, 4))
        #expect(
            try scenario.end() == [
                PaneRow(1, -20, -10, [3]), PaneRow(1, -10, 0, [1, 2]), PaneRow(1, 0, 10, [4]),
            ])
    }

    @Test(arguments: [nil, PaneTrigger<Event>()])
    func `sliding where the slide does not divide the size`(trigger: PaneTrigger<Event>?) throws {
        let assigner = WindowAssigner.sliding(.microseconds(7), every: .microseconds(3))
        let scenario = try WindowScenario(EventWindowing(assigner).with(trigger))
        try scenario.send((6, 1))
        #expect(
            try scenario.end() == [
                PaneRow(1, 0, 7, [1]), PaneRow(1, 3, 10, [1]), PaneRow(1, 6, 13, [1]),
            ])
    }

    @Test(arguments: [nil, PaneTrigger<Event>()])
    func `window offset shifts every window`(trigger: PaneTrigger<Event>?) throws {
        let assigner = WindowAssigner.tumbling(.microseconds(10), offset: .microseconds(-3))
        let scenario = try WindowScenario(EventWindowing(assigner).with(trigger))
        try scenario.send((6, 1), (7, 2), (-4, 3))
        #expect(
            try scenario.end() == [
                PaneRow(1, -13, -3, [3]), PaneRow(1, -3, 7, [1]), PaneRow(1, 7, 17, [2]),
            ])
    }

    @Test(arguments: [nil, PaneTrigger<Event>()])
    func `cumulative windows grow by steps and start anew`(trigger: PaneTrigger<Event>?) throws {
        let assigner = WindowAssigner.cumulative(.microseconds(9), every: .microseconds(3))
        let scenario = try WindowScenario(EventWindowing(assigner).with(trigger))
        try scenario.send((1, 1), (4, 2), (9, 3))
        #expect(try scenario.watermark(2) == [PaneRow(1, 0, 3, [1])])
        #expect(
            try scenario.end() == [
                PaneRow(1, 0, 6, [1, 2]), PaneRow(1, 0, 9, [1, 2]), PaneRow(1, 9, 12, [3]),
                PaneRow(1, 9, 15, [3]), PaneRow(1, 9, 18, [3]),
            ])
        #expect(scenario.counters.held.current == 0 && scenario.counters.passed.current == 3)
    }

    // MARK: - Allowed lateness

    @Test func `late record within allowed lateness updates exactly once`() throws {
        let scenario = try WindowScenario(EventWindowing(ten).with(lateness: 5))
        try scenario.send((3, 1))
        #expect(try scenario.watermark(9) == [PaneRow(1, 0, 10, [1])])
        #expect(try scenario.send((4, 2)) == [PaneRow(1, 0, 10, .late, 1, [1, 2])])
        #expect(try scenario.watermark(13) == [])
        // The last moment: the window goes when the watermark is its last point and 5 more.
        #expect(try scenario.send((9, 3)) == [PaneRow(1, 0, 10, .late, 2, [1, 2, 3])])
        #expect(try scenario.watermark(14) == [])
        #expect(scenario.counters.held.current == 0)
        #expect(try scenario.send((9, 4)) == [] && scenario.late.records.map(\.value) == [4])
        #expect(try scenario.end() == [] && scenario.isBalanced)
    }

    @Test func `late record of a window without a result yet makes its first pane a late one`()
        throws
    {
        let scenario = try WindowScenario(EventWindowing(ten).with(lateness: 5))
        try scenario.watermark(12)
        #expect(try scenario.send((4, 2)) == [PaneRow(1, 0, 10, .late, 0, [2])])
        #expect(try scenario.end() == [])
    }

    @Test func `discarding panes have the records since the last one`() throws {
        let windowing = EventWindowing(ten).with(
            lateness: 20, PaneTrigger(early: .everyRecords(2)), .discarding)
        let scenario = try WindowScenario(windowing)
        #expect(
            try scenario.send((3, 1), (4, 2), (5, 3)) == [PaneRow(1, 0, 10, .early, 0, [1, 2])])
        #expect(try scenario.watermark(9) == [PaneRow(1, 0, 10, .onTime, 1, [3])])
        #expect(try scenario.send((5, 4)) == [PaneRow(1, 0, 10, .late, 2, [4])])
        #expect(scenario.counters.held.current == 0 && scenario.isBalanced)
    }

    // MARK: - Sessions

    @Test func `session joins a record exactly a gap after the last, and none later`() throws {
        let scenario = try WindowScenario(sessions)
        try scenario.send((0, 1), (10, 2), (21, 3))
        #expect(try scenario.end() == [PaneRow(1, 0, 20, [1, 2]), PaneRow(1, 21, 31, [3])])
    }

    @Test func `session merge that bridges two sessions`() throws {
        let scenario = try WindowScenario(sessions)
        try scenario.send((0, 1), (15, 2))
        try scenario.send((8, 3))
        #expect(try scenario.watermark(23) == [])
        #expect(try scenario.watermark(24) == [PaneRow(1, 0, 25, [1, 2, 3])])
        #expect(scenario.isBalanced && scenario.counters.held.current == 0)
    }

    @Test func `session merge that bridges two sessions after one fired`() throws {
        let scenario = try WindowScenario(EventWindowing(sessions).with(lateness: 20))
        try scenario.send((0, 1), (15, 2))
        #expect(try scenario.watermark(12) == [PaneRow(1, 0, 10, [1])])
        // Bridges what has fired and what has not: the merged session is not complete yet.
        #expect(try scenario.send((7, 3)) == [])
        #expect(try scenario.watermark(23) == [])
        #expect(try scenario.watermark(24) == [PaneRow(1, 0, 25, .onTime, 1, [1, 2, 3])])
        #expect(try scenario.send((3, 4)) == [PaneRow(1, 0, 25, .late, 2, [1, 2, 3, 4])])
        #expect(try scenario.watermark(43) == [] && scenario.counters.held.current == 4)
        #expect(try scenario.watermark(44) == [] && scenario.counters.held.current == 0)
    }

    @Test func `session merge that bridges two sessions after both fired is a late pane`() throws {
        let scenario = try WindowScenario(EventWindowing(sessions).with(lateness: 50))
        try scenario.send((0, 1), (15, 2))
        #expect(try scenario.watermark(30).count == 2)
        #expect(try scenario.send((7, 3)) == [PaneRow(1, 0, 25, .late, 1, [1, 2, 3])])
        #expect(try scenario.end() == [] && scenario.isBalanced)
    }

    @Test func `record too late for a session of its own is not late for one that it joins`() throws
    {
        let scenario = try WindowScenario(sessions)
        try scenario.send((15, 1))
        try scenario.watermark(20)
        #expect(try scenario.send((5, 2), (4, 3)) == [])
        #expect(try scenario.end() == [PaneRow(1, 4, 25, [1, 2, 3])])
        let other = try WindowScenario(sessions)
        try other.send((25, 1))
        try other.watermark(20)
        try other.send((5, 2))
        #expect(other.late.records.map(\.value) == [2])
    }

    @Test func `session gap by record keeps the session open for as long as each says`() throws {
        let windowing = EventWindowing(.sessions(gap: { .microseconds($0.value) }))
        let scenario = try WindowScenario(windowing)
        try scenario.send((0, 30), (5, 2), (29, 3), (40, 1))
        #expect(try scenario.end() == [PaneRow(1, 0, 32, [2, 3, 30]), PaneRow(1, 40, 41, [1])])
    }

    @Test func `session gap that is not positive stops the job on its record`() throws {
        let windowing = EventWindowing(.sessions(gap: { .microseconds($0.value) }))
        let scenario = try WindowScenario(windowing)
        let error = #expect(throws: OperatorFailure.self) { try scenario.send((7, 0)) }
        #expect(error?.record == "1:0@7")
        #expect(error?.cause as? WindowAssignmentError == .gapNotPositive(.zero))
    }

    // MARK: - Global, custom and counted windows

    @Test func `global window fires at the end of input`() throws {
        let scenario = try WindowScenario(.global)
        try scenario.send((0, 1), (1_000_000, 2))
        #expect(try scenario.watermark(2_000_000) == [])
        try scenario.send((5, 3))
        #expect(try scenario.end() == [PaneRow(1, .min, .max, [1, 2, 3])])
        #expect(scenario.counters.late.current == 0 && scenario.isBalanced)
    }

    @Test func `global window with a trigger fires when that says so`() throws {
        let windowing = EventWindowing(.global).with(PaneTrigger(early: .everyRecords(2)))
        let scenario = try WindowScenario(windowing)
        #expect(
            try scenario.send((0, 1), (3, 2), (1, 3)) == [
                PaneRow(1, .min, .max, .early, 0, [1, 2])
            ])
        #expect(try scenario.end() == [PaneRow(1, .min, .max, .onTime, 1, [1, 2, 3])])
    }

    struct ByKey: CustomWindowAssigner {
        var isMerging = false
        func windows(for event: Event, key: Int, at time: Timestamp) -> [Window] {
            if event.value < 0 { return [] }
            let start = time.floor(to: .microseconds(10))
            return [Window(start: start, end: start + .microseconds(Int64(key)))]
        }
    }

    @Test func `custom assigner sees key and record, and filters by giving no window`() throws {
        let scenario = try WindowScenario(EventWindowing(ByKey()))
        try scenario.send((3, 1), (4, -1))
        try scenario.send((3, 5), key: 20)
        #expect(try scenario.end() == [PaneRow(1, 0, 1, [1]), PaneRow(20, 0, 20, [5])])
        #expect(scenario.counters.filtered.current == 1 && scenario.isBalanced)
    }

    @Test func `custom assigner that merges joins windows that touch`() throws {
        let scenario = try WindowScenario(EventWindowing(ByKey(isMerging: true)))
        try scenario.send([Event(10, 1, at: 5), Event(10, 2, at: 15), Event(10, 3, at: 35)])
        #expect(try scenario.end() == [PaneRow(10, 0, 20, [1, 2]), PaneRow(10, 30, 40, [3])])
    }

    struct Backward: CustomWindowAssigner {
        func windows(for event: Event, key: Int, at time: Timestamp) -> [Window] {
            [Window(start: time, end: time)]
        }
    }

    @Test func `custom window that ends where it starts stops the job on its record`() throws {
        let scenario = try WindowScenario(EventWindowing(Backward()))
        let error = #expect(throws: OperatorFailure.self) { try scenario.send((7, 2)) }
        #expect(error?.record == "1:2@7")
    }

    @Test func `count window emits every so many records of a key, and the rest at the end`() throws
    {
        let scenario = try WindowScenario(EventWindowing(.counted(size: 2, slide: 2)))
        #expect(try scenario.send((5, 1), (3, 2), (9, 3)) == [PaneRow(1, 3, 6, [1, 2])])
        #expect(try scenario.send((7, 4), key: 2) == [])
        #expect(scenario.counters.held.current == 2)
        #expect(
            try scenario.end() == [
                PaneRow(1, 9, 10, .early, 0, [3]), PaneRow(2, 7, 8, .early, 0, [4]),
            ])
        #expect(scenario.isBalanced && scenario.counters.held.current == 0)
    }

    @Test func `count window that slides has fewer records at first`() throws {
        let scenario = try WindowScenario(EventWindowing(.counted(size: 4, slide: 2)))
        let found = try scenario.send((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7))
        #expect(found.map(\.values) == [[1, 2], [1, 2, 3, 4], [3, 4, 5, 6]])
        #expect(try scenario.end().map(\.values) == [[5, 6, 7]])
        #expect(scenario.isBalanced && scenario.counters.passed.current == 7)
    }

    @Test func `count window with gaps filters what falls between`() throws {
        let scenario = try WindowScenario(EventWindowing(.counted(size: 2, slide: 3)))
        let found = try scenario.send((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6))
        #expect(found.map(\.values) == [[2, 3], [5, 6]])
        #expect(scenario.counters.filtered.current == 2 && scenario.isBalanced)
    }

    // MARK: - Triggers

    @Test func `early panes by event time come when the watermark completes a multiple`() throws {
        let trigger = PaneTrigger<Event>(early: .every(.microseconds(4), in: .eventTime))
        let scenario = try WindowScenario(EventWindowing(ten).with(trigger))
        try scenario.send((1, 1), (5, 2))
        #expect(try scenario.watermark(2) == [])
        #expect(try scenario.watermark(3) == [PaneRow(1, 0, 10, .early, 0, [1, 2])])
        // Nothing new: no pane.
        #expect(try scenario.watermark(7) == [])
        try scenario.send((9, 3))
        #expect(try scenario.watermark(9) == [PaneRow(1, 0, 10, .onTime, 1, [1, 2, 3])])
    }

    @Test func `early panes by processing time come with the clock`() throws {
        let trigger = PaneTrigger<Event>(early: .every(.microseconds(100), in: .processingTime))
        let scenario = try WindowScenario(EventWindowing(ten).with(trigger))
        try scenario.clock(50)
        try scenario.send((1, 1))
        #expect(try scenario.clock(99) == [])
        #expect(try scenario.clock(100) == [PaneRow(1, 0, 10, .early, 0, [1])])
        #expect(try scenario.clock(1_000) == [])
        try scenario.send((2, 2))
        #expect(try scenario.end() == [PaneRow(1, 0, 10, .onTime, 1, [1, 2])])
        #expect(scenario.harness.context.clock.now() == Timestamp(microseconds: 1_000))
    }

    @Test func `late panes every so many records, and the rest when the window goes`() throws {
        let windowing = EventWindowing(ten).with(
            lateness: 10, PaneTrigger(late: .everyRecords(2)))
        let scenario = try WindowScenario(windowing)
        try scenario.send((1, 1))
        #expect(try scenario.watermark(9).count == 1)
        #expect(try scenario.send((1, 2)) == [])
        #expect(try scenario.send((1, 3)) == [PaneRow(1, 0, 10, .late, 1, [1, 2, 3])])
        #expect(try scenario.send((1, 4)) == [])
        #expect(try scenario.watermark(19) == [PaneRow(1, 0, 10, .late, 2, [1, 2, 3, 4])])
    }

    /// Fires, and forgets, when the values add up to ten; forgets without a pane at a negative one.
    struct SumsToTen: WindowTrigger {
        func makeState() -> Int { 0 }
        func onRecord(
            _ event: Event, at time: Timestamp, _ sum: inout Int, _ context: inout TriggerContext
        ) -> TriggerDecision {
            sum += event.value
            if event.value < 0 { return .purge }
            guard sum >= 10 else { return .proceed }
            sum = 0
            return .fireAndPurge
        }
        func onWindowEnd(
            _ sum: inout Int, _ context: inout TriggerContext
        ) -> TriggerDecision { .proceed }
        func merge(_ other: Int, into state: inout Int) { state += other }
    }

    @Test func `custom trigger fires and purges, and loses nothing by doing nothing`() throws {
        var windowing = EventWindowing(sessions)
        windowing.trigger = AnyWindowTrigger(SumsToTen())
        let scenario = try WindowScenario(windowing)
        #expect(try scenario.send((0, 4), (1, 6)) == [PaneRow(1, 0, 11, .early, 0, [4, 6])])
        #expect(try scenario.send((2, 3), (1, -1)) == [])
        #expect(scenario.counters.filtered.current == 2)
        #expect(try scenario.send((3, 5)) == [])
        #expect(try scenario.end() == [PaneRow(1, 0, 13, .onTime, 1, [5])])
        #expect(scenario.isBalanced && scenario.counters.held.current == 0)
    }

    /// Fires at a time after each record, by either clock.
    struct Delayed: WindowTrigger {
        let span: Int64
        let domain: TimeDomain
        func makeState() -> Int { 0 }
        func onRecord(
            _ event: Event, at time: Timestamp, _ state: inout Int, _ context: inout TriggerContext
        ) -> TriggerDecision {
            let from = domain == .eventTime ? time : context.processingTime
            context.registerTimer(at: from.advanced(byMicroseconds: span), in: domain)
            return .proceed
        }
        func onTimer(
            at time: Timestamp, in domain: TimeDomain, _ state: inout Int,
            _ context: inout TriggerContext
        ) -> TriggerDecision { .fire }
        func merge(_ other: Int, into state: inout Int) {}
    }

    @Test func `custom trigger's timer at or before the watermark fires at once`() throws {
        var windowing = EventWindowing(.tumbling(.microseconds(100)))
        windowing.trigger = AnyWindowTrigger(Delayed(span: 5, domain: .eventTime))
        let scenario = try WindowScenario(windowing)
        try scenario.watermark(20)
        #expect(try scenario.send((15, 1)) == [PaneRow(1, 0, 100, .early, 0, [1])])
        #expect(try scenario.send((16, 2)) == [])
        #expect(try scenario.watermark(21) == [PaneRow(1, 0, 100, .early, 1, [1, 2])])
    }

    @Test func `timers of merged sessions go on for the merged one`() throws {
        var windowing = EventWindowing(sessions)
        windowing.trigger = AnyWindowTrigger(Delayed(span: 100, domain: .processingTime))
        let scenario = try WindowScenario(windowing)
        try scenario.send((0, 1))
        try scenario.clock(10)
        try scenario.send((15, 2))
        try scenario.clock(20)
        try scenario.send((8, 3))
        let all = [1, 2, 3]
        #expect(try scenario.clock(100) == [PaneRow(1, 0, 25, .early, 0, all)])
        #expect(
            try scenario.clock(120) == [
                PaneRow(1, 0, 25, .early, 1, all), PaneRow(1, 0, 25, .early, 2, all),
            ])
    }

    // MARK: - Processing time

    @Test func `tumbling windows of processing time end with the clock, whatever the event times`()
        throws
    {
        let scenario = try WindowScenario(EventWindowing(ten).with(domain: .processingTime))
        try scenario.clock(7)
        try scenario.send((-1_000, 1), (1_000, 2))
        #expect(try scenario.watermark(1_000_000) == [] && scenario.clock(9) == [])
        try scenario.send((5, 3))
        #expect(try scenario.clock(10) == [PaneRow(1, 0, 10, [1, 2, 3])])
        try scenario.send((5, 4))
        #expect(try scenario.end() == [PaneRow(1, 10, 20, [4])])
        #expect(scenario.isBalanced && scenario.counters.late.current == 0)
    }

    @Test func `sessions of processing time end a gap after their last record`() throws {
        let scenario = try WindowScenario(EventWindowing(sessions).with(domain: .processingTime))
        try scenario.send((0, 1))
        #expect(try scenario.clock(8) == [])
        try scenario.send((0, 2))
        #expect(try scenario.clock(17) == [])
        #expect(try scenario.clock(18) == [PaneRow(1, 0, 18, [1, 2])])
        #expect(scenario.counters.held.current == 0)
    }

    @Test func `windows of processing time that are due close before a record of later time`()
        throws
    {
        // The tick has not come yet; the clock stands past the end of the session.
        let clock = ManualClock()
        let context = SubtaskContext(
            job: "test", operatorName: "step", subtask: 0, parallelism: 1, clock: clock)
        let harness = try StepHarness<Event, PaneRow>(
            context, collectingStep(EventWindowing(sessions).with(domain: .processingTime)))
        try harness.send(Event(1, 1, at: 0))
        clock.advance(to: Timestamp(microseconds: 10)) { _ in }
        try harness.send(Event(1, 2, at: 0))
        #expect(harness.records == [PaneRow(1, 0, 10, [1])])
    }

    @Test(arguments: [nil, PaneTrigger<Event>()])
    func `idle split that wakes with old data finds them late`(trigger: PaneTrigger<Event>?) throws
    {
        // What reaches the operator of an idle split that wakes: a mark, idleness, then old records.
        let scenario = try WindowScenario(EventWindowing(ten).with(trigger))
        try scenario.send((3, 1))
        try scenario.watermark(25)
        try scenario.harness.send(.idle)
        #expect(try scenario.send((4, 2), (27, 3)) == [])
        #expect(try scenario.end() == [PaneRow(1, 20, 30, [3])])
        #expect(scenario.late.records.map(\.value) == [2] && scenario.isBalanced)
    }
}
