public import WeirCore
public import WeirGraph

/// What becomes of records that come after their windows have closed. There is no default: a job
/// says it wherever it opens windows.
public enum LateRecords<Element: Sendable> {
    /// They are counted as late in the ledger, and dropped.
    case drop
    /// They go to a stream of their own, which the closure ends in a sink, or takes elsewhere.
    case sideOutput((DataStream<Element>) -> Void)
}

/// A keyed stream cut into windows.
public struct WindowedStream<Element: Sendable, Key: StreamKey> {
    /// The stream and its key.
    public let keyed: KeyedStream<Element, Key>
    @usableFromInline let settings: WindowSettings<Element, Key>

    /// The windows, and when they emit.
    @inlinable public var windowing: Windowing<Element, Key> { settings.windowing }
    /// What becomes of late records.
    @inlinable public var late: LateRecords<Element> { settings.late }

    /// Cuts `keyed` into windows, as ``KeyedStream/windowed(_:allowedLateness:late:)`` does.
    @inlinable
    public init(
        keyed: KeyedStream<Element, Key>, windowing: Windowing<Element, Key>,
        late: LateRecords<Element>
    ) {
        self.keyed = keyed
        settings = WindowSettings(windowing: windowing, late: late)
    }
}

/// How a stream is cut into windows.
///
/// An object, because the optimizer does not take values of more than six fields apart: it would
/// lose sight of the key's function, which then could not be put into the record loop.
@usableFromInline
final class WindowSettings<Element: Sendable, Key: StreamKey> {
    @usableFromInline let windowing: Windowing<Element, Key>
    @usableFromInline let late: LateRecords<Element>

    @inlinable init(windowing: Windowing<Element, Key>, late: LateRecords<Element>) {
        self.windowing = windowing
        self.late = late
    }
}

/// A result with the key and the window that it is for.
public struct WindowResult<Key: Sendable, Value: Sendable>: Sendable {
    /// The key.
    public var key: Key
    /// The window.
    public var window: Window
    /// Which of the window's panes it is.
    public var pane: WindowPane
    /// The result.
    public var value: Value

    /// A result for a key and a window; its only one, unless said otherwise.
    @inlinable public init(key: Key, window: Window, pane: WindowPane = .single, value: Value) {
        self.key = key
        self.window = window
        self.pane = pane
        self.value = value
    }
}

extension WindowResult: Equatable where Key: Equatable, Value: Equatable {}
extension WindowResult: Hashable where Key: Hashable, Value: Hashable {}

extension KeyedStream {
    /// This stream cut into windows of event time, each key's on its own.
    ///
    /// A window is complete, and its result emitted, when the watermark passes its last point. For as
    /// long as `allowedLateness` says it then takes late records, and emits its result anew with each
    /// of them; after that its state is gone. A record is late when all windows that it belongs to
    /// have gone.
    ///
    /// - Parameters:
    ///   - assigner: Which windows a record belongs to.
    ///   - allowedLateness: How long windows are kept after their end. With more than none, or with
    ///     ``WindowedStream/triggered(early:late:panes:)``, results come more than once: readers of them
    ///     must replace what they had, or take the ``WindowPane`` into account.
    ///   - late: What becomes of late records.
    @inlinable @inline(__always)
    public func windowed(
        _ assigner: WindowAssigner, allowedLateness: Duration = .zero, late: LateRecords<Element>
    ) -> WindowedStream<Element, Key> {
        var windowing = Windowing<Element, Key>(assigner)
        windowing.allowedLateness = allowedLateness
        return WindowedStream(keyed: self, windowing: windowing, late: late)
    }

    /// This stream cut into windows of event time that a type of your own assigns.
    @inlinable
    public func windowed(
        by assigner: some CustomWindowAssigner<Element, Key>, allowedLateness: Duration = .zero,
        late: LateRecords<Element>
    ) -> WindowedStream<Element, Key> {
        var windowing = Windowing(assigner)
        windowing.allowedLateness = allowedLateness
        return WindowedStream(keyed: self, windowing: windowing, late: late)
    }

    /// This stream cut into sessions of event time, whose gap each record says for itself: it keeps its
    /// session open for that long.
    ///
    /// - Parameter gapOf: The gap of a record, at least a microsecond; less stops the job.
    @inlinable
    public func windowed(
        sessionGap gapOf: @escaping @Sendable (Element) throws -> Duration,
        allowedLateness: Duration = .zero, late: LateRecords<Element>
    ) -> WindowedStream<Element, Key> {
        var windowing = Windowing<Element, Key>(.sessions(gap: gapOf))
        windowing.allowedLateness = allowedLateness
        return WindowedStream(keyed: self, windowing: windowing, late: late)
    }

    /// This stream cut into windows of processing time: a record belongs where the clock stands when it
    /// is processed. No record is late, no watermark is needed, and no two runs give the same results.
    ///
    /// When the input ends, windows that are open emit what they have.
    @inlinable
    public func windowed(
        inProcessingTime assigner: WindowAssigner
    ) -> WindowedStream<Element, Key> {
        var windowing = Windowing<Element, Key>(assigner)
        windowing.domain = .processingTime
        return WindowedStream(keyed: self, windowing: windowing, late: .drop)
    }

    /// This stream cut into windows of a number of records of each key, in the order in which they
    /// come, whatever their times.
    ///
    /// The window of a result is the span of its records' times. When the input ends, each key's
    /// records that have been in no window come in a last one, which is not full: an early pane.
    ///
    /// - Parameters:
    ///   - size: The records in a window.
    ///   - slide: How many records of a key come from one window to the next; `size` unless given.
    ///     Where it is less, windows overlap, and a key's first ones have fewer records; where it is
    ///     more, records fall between windows and are filtered.
    @inlinable
    public func windowed(
        count size: Int, every slide: Int? = nil
    ) -> WindowedStream<Element, Key> {
        WindowedStream(
            keyed: self, windowing: Windowing(.counted(size: size, slide: slide ?? size)),
            late: .drop)
    }
}

extension WindowedStream {
    /// These windows, emitting panes before and after their end as well.
    ///
    /// - Parameters:
    ///   - early: The panes before the end; `nil`: none.
    ///   - late: The panes after it, which need an allowed lateness.
    ///   - panes: What a pane is made of.
    public func triggered(
        early: PaneRule? = nil, late: PaneRule = .eachRecord,
        panes: PaneAccumulation = .accumulating
    ) -> WindowedStream {
        triggered(AnyWindowTrigger(PaneTrigger(early: early, late: late)), panes)
    }

    /// These windows, emitting panes when a trigger of your own says so.
    public func triggered(
        by trigger: some WindowTrigger<Element>, panes: PaneAccumulation = .accumulating
    ) -> WindowedStream {
        triggered(AnyWindowTrigger(trigger), panes)
    }

    private func triggered(
        _ trigger: AnyWindowTrigger<Element>, _ panes: PaneAccumulation
    ) -> WindowedStream {
        var changed = windowing
        changed.trigger = trigger
        changed.panes = panes
        return WindowedStream(keyed: keyed, windowing: changed, late: late)
    }
}

extension WindowedStream {
    /// A stream of one result for each pane of each key and window in which records came: one for each
    /// window, unless lateness is allowed or a trigger says otherwise.
    ///
    /// - Parameters:
    ///   - aggregate: Folds the records of a key and window.
    ///   - name: The operator's name; its state is saved under it.
    ///   - result: Makes the result from key, window and the aggregate's result. Its event time is
    ///     the last point of the window.
    @inlinable @inline(__always)
    public func aggregate<Folded: Aggregate, Output: Sendable>(
        _ aggregate: Folded, as name: String,
        _ result: @escaping @Sendable (Key, Window, Folded.Result) throws -> Output
    ) -> DataStream<Output> where Folded.Input == Element {
        aggregated(.aggregate, aggregate, as: name) { try result($0, $1, $3) }
    }

    /// A stream of one result for each pane, made by a function that sees which pane it is.
    @inlinable @inline(__always)
    public func aggregate<Folded: Aggregate, Output: Sendable>(
        _ aggregate: Folded, as name: String,
        _ result: @escaping @Sendable (Key, Window, WindowPane, Folded.Result) throws -> Output
    ) -> DataStream<Output> where Folded.Input == Element {
        aggregated(.aggregate, aggregate, as: name, result)
    }

    /// A stream of one ``WindowResult`` for each pane of each key and window in which records came.
    @inlinable @inline(__always)
    public func aggregate<Folded: Aggregate>(
        _ aggregate: Folded, as name: String
    ) -> DataStream<WindowResult<Key, Folded.Result>> where Folded.Input == Element {
        aggregated(.aggregate, aggregate, as: name) {
            WindowResult(key: $0, window: $1, pane: $2, value: $3)
        }
    }

    @inlinable @inline(__always)
    func aggregated<Folded: Aggregate, Output: Sendable>(
        _ kind: OperatorKind, _ folded: Folded, as name: String,
        _ result: @escaping @Sendable (Key, Window, WindowPane, Folded.Result) throws -> Output
    ) -> DataStream<Output> where Folded.Input == Element {
        let windowing = self.windowing
        let key = keyed.key
        let fold = windowFold(by: keyed.key, Folded.self, Output.self)
        let loop = usualRowLoop(by: keyed.key, Folded.self, Output.self)
        let body = TransformBody { context, outputs, _ in
            let next: Step<Output> = try outputs.step(0)
            let late = try outputs.lateStep(of: Element.self)
            if let assigner = windowing.sliced {
                return [
                    AnyStep(
                        windowAggregateStep(
                            context, into: next, late: late, assigner, folded, fold: fold
                        ) { try result($0, $1, .single, $2) })
                ]
            }
            if case .counted(let size, let slide) = windowing.windows {
                return [
                    AnyStep(
                        countWindowStep(
                            context, into: next, size: size, slide: slide, folded, keyOf: key,
                            result: result))
                ]
            }
            return [
                AnyStep(
                    windowOperatorStep(
                        context, into: next, late: late, windowing, folded, keyOf: key,
                        usual: loop, result: result))
            ]
        }
        let job = keyed.stream.job
        let id = job.add(
            kind, as: name, detail: windowing.summary, inputs: [keyed.edge()],
            outputTypes: [Output.self, Element.self], needsWatermarks: windowing.needsWatermarks,
            body: .transform(body))
        job.report(windowing.problems, of: id)
        job.branch(late, of: id)
        return DataStream(job: job, output: OutputReference(id))
    }
}

extension JobBuilder {
    /// Reports what makes windows unusable.
    @usableFromInline func report(_ problems: [String], of id: OperatorID) {
        for problem in problems {
            report(
                GraphProblem(
                    id, problem,
                    mend:
                        "Give spans of at least a microsecond, such as `.minutes(1)`, a step that "
                        + "divides the size, and counts of at least one"))
        }
    }

    /// Hands the late records of an operator to where the job wants them.
    @usableFromInline func branch<Element: Sendable>(
        _ late: LateRecords<Element>, of id: OperatorID
    ) {
        guard case .sideOutput(let branch) = late else { return }
        let output = OutputReference(id, port: 1)
        branch(DataStream(job: self, output: output))
        requireReader(
            of: output, or: "nothing reads its late records, which would be dropped",
            mend: "End the stream that `.sideOutput` hands over in a sink, or say `late: .drop`")
    }
}

extension [AnyStep?] {
    /// The step of the side output of late records; `nil` where nothing reads it.
    @inlinable func lateStep<Record>(of type: Record.Type) throws -> Step<Record>? {
        guard count > 1, let step = self[1] else { return nil }
        return try step.typed(type)
    }
}
