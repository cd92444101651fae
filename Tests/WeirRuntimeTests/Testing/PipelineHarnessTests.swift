import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A pipeline harness` {
    private struct Click: Hashable, Sendable {
        var user: String
    }
    private let ann = Click(user: "ann")
    private let bob = Click(user: "bob")

    private func perWindow(
        _ clicks: DataStream<Click>, late: LateRecords<Click> = .drop
    ) -> DataStream<String> {
        clicks.keyed(by: \.user).windowed(.tumbling(.seconds(4)), late: late)
            .aggregate(Count(), as: "counts") { user, _, count in "\(user): \(count)" }
    }

    @Test func `plays a timeline through operators of the DSL`() throws {
        let harness = PipelineHarness()
        let clicks = harness.input(of: Click.self, as: "clicks")
        let counts = harness.output(of: perWindow(clicks.stream))
        try harness.play(clicks.timeline("a-b(ab)-!--a|", ["a": ann, "b": bob]))
        // The frame of the brackets, 3, belongs to the first window, which ends at 4.
        let drawn = try counts.drawing(["x": "ann: 2", "y": "bob: 2", "z": "ann: 1"])
        #expect(drawn == "--------(xy)(z|)")
        #expect(harness.counters(of: "counts")?.held.current == 0)
    }

    @Test func `reads side outputs, watermarks and the ledger`() throws {
        let harness = PipelineHarness()
        let clicks = harness.input(of: Click.self, as: "clicks")
        var late: OutputProbe<Click>?
        let counts = harness.output(
            of: perWindow(clicks.stream, late: .sideOutput { late = harness.output(of: $0) }))
        try clicks.send(ann, at: .epoch)
        try clicks.advanceWatermark(to: .epoch + .seconds(4))
        try clicks.send(bob, at: .epoch)
        #expect(counts.records == ["ann: 1"])
        #expect(late?.records == [bob])
        #expect(counts.signals == [.watermark(.epoch + .seconds(4))])
        #expect(harness.counters(of: "counts")?.late.current == 1)
    }

    @Test func `shows what operators keep, and that it is gone when its window has closed`() throws
    {
        let harness = PipelineHarness()
        let clicks = harness.input(of: Click.self, as: "clicks")
        _ = harness.output(of: perWindow(clicks.stream))
        try clicks.send(ann, at: .epoch)
        try clicks.send(ann, at: .epoch + .seconds(1))
        let expected = StateViews.Entry(
            kind: "slice \(Timestamp.epoch)", key: "ann", value: 2)
        #expect(harness.state(of: "counts") == [expected])
        try clicks.advanceWatermark(to: .epoch + .seconds(4))
        #expect(harness.state(of: "counts") == [])
    }

    @Test func `merges the marks of streams that lead to one port`() throws {
        let harness = PipelineHarness()
        let left = harness.input(of: Click.self, as: "left")
        let right = harness.input(of: Click.self, as: "right")
        let counts = harness.output(of: perWindow(left.stream.union(right.stream)))
        try harness.play(
            left.timeline("a---!-!-|", ["a": ann]), right.timeline("b---~-!-|", ["b": bob]))
        // Idle, the right side does not hold the left one up.
        #expect(try counts.drawing(["x": "ann: 1", "y": "bob: 1"]) == "----(xy)|")
    }

    @Test func `says what is wrong with a description`() throws {
        let harness = PipelineHarness()
        let clicks = harness.input(of: Click.self, as: "clicks")
        _ = harness.output(of: clicks.stream)
        _ = perWindow(clicks.stream)
        #expect(throws: ValidationError.self) { try clicks.send(ann) }
    }

    @Test(arguments: ["(a", "a)", "((a))", "a?", "x"])
    func `refuses what is no timeline`(drawing: String) {
        let harness = PipelineHarness()
        let clicks = harness.input(of: Click.self, as: "clicks")
        #expect(throws: TimelineError.self) { try clicks.timeline(drawing, ["a": ann]) }
    }

    @Test func `names an output that has no name`() throws {
        let harness = PipelineHarness()
        let clicks = harness.input(of: Click.self, as: "clicks")
        let counts = harness.output(of: perWindow(clicks.stream))
        try harness.play(clicks.timeline("a-|", ["a": ann]))
        #expect(throws: TimelineError("frame 2: nothing is named ann: 1")) {
            try counts.drawing(["y": "bob: 1"])
        }
    }

    @Test(arguments: [
        ("a-b-|", [["a"], [], ["b"], [], ["|"]]),
        ("-(ab)-c", [[], ["a", "b"], [], [], [], [], ["c"]]),
    ])
    func `draws what it reads`(drawing: String, frames: [[Character]]) throws {
        #expect(Timeline.draw(frames, count: 0) == drawing)
        let read = try Timeline(drawing).frames.map { marks in
            marks.map { mark -> Character in
                if case .record(let name) = mark { name } else { "|" }
            }
        }
        #expect(read == frames)
    }
}
