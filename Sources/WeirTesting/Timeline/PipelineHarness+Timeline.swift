public import WeirCore

/// An input's part in a ``PipelineHarness/play(_:origin:unit:)``.
public struct InputTimeline {
    let timeline: Timeline
    let send: (Timeline.Mark, Timestamp) throws -> Void
}

extension HarnessInput {
    /// What this input sends, drawn as a ``Timeline``; names stand for `records`.
    ///
    /// - Throws: ``TimelineError`` where the drawing is not one, or names what `records` does not have.
    public func timeline(
        _ drawing: String, _ records: [Character: Element] = [:]
    ) throws -> InputTimeline {
        let timeline = try Timeline(drawing)
        for case .record(let name) in timeline.frames.joined() where records[name] == nil {
            throw TimelineError("\(drawing): no record is named '\(name)'")
        }
        return InputTimeline(timeline: timeline) { [self] mark, time in
            switch mark {
            case .record(let name): if let record = records[name] { try send(record, at: time) }
            case .watermark: try advanceWatermark(to: time)
            case .idle: try send(.idle)
            case .end: try end()
            }
        }
    }
}

extension PipelineHarness {
    /// Plays timelines side by side: in each frame processing time moves on to the frame's time, then
    /// each input sends what its drawing has there, the first input first.
    ///
    /// ```swift
    /// try harness.play(clicks.timeline("a-b--c-!-|", ["a": ann, "b": bob, "c": ann]))
    /// #expect(try counts.drawing(["x": "ann: 2", "y": "bob: 1"]) == "-------(xy)|")
    /// ```
    ///
    /// - Parameters:
    ///   - origin: The time of the first frame.
    ///   - unit: The time from one frame to the next.
    public func play(
        _ inputs: InputTimeline..., origin: Timestamp = .epoch, unit: Duration = .seconds(1)
    ) throws {
        try build()
        let count = inputs.map(\.timeline.frames.count).max() ?? 0
        for frame in 0..<count {
            let time = origin.advanced(byMicroseconds: Int64(frame) * unit.wholeMicroseconds)
            beginFrame(frame)
            try advanceProcessingTime(to: time)
            for input in inputs where frame < input.timeline.frames.count {
                for mark in input.timeline.frames[frame] { try input.send(mark, time) }
            }
        }
    }
}

extension OutputProbe where Element: Equatable {
    /// What came out while timelines were played, drawn like them: each record in the frame in which it
    /// came out, under the name that it has in `names`, and the end. Watermarks are left out unless
    /// asked for.
    ///
    /// - Throws: ``TimelineError`` naming the first record that has no name.
    public func drawing(
        _ names: [Character: Element], watermarks: Bool = false
    ) throws -> String {
        var frames: [[Character]] = []
        for (emission, frame) in zip(emissions, emissionFrames) {
            guard let character = try Self.character(emission, names, watermarks, frame) else {
                continue
            }
            while frames.count <= frame { frames.append([]) }
            frames[frame].append(character)
        }
        return Timeline.draw(frames, count: 0)
    }

    private static func character(
        _ emission: Emission<Element>, _ names: [Character: Element], _ watermarks: Bool,
        _ frame: Int
    ) throws -> Character? {
        switch emission {
        case .record(let record, _):
            guard let name = names.first(where: { $0.value == record })?.key else {
                throw TimelineError("frame \(frame): nothing is named \(record)")
            }
            return name
        case .signal(.watermark): return watermarks ? "!" : nil
        case .signal(.idle): return watermarks ? "~" : nil
        case .signal(.end): return "|"
        case .signal: return nil
        }
    }
}
