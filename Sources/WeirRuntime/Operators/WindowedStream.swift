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

/// A keyed stream cut into windows of event time.
public struct WindowedStream<Element: Sendable, Key: StreamKey> {
    /// The stream and its key.
    public let keyed: KeyedStream<Element, Key>
    @usableFromInline let settings: WindowSettings<Element>

    /// The windows.
    @inlinable public var assigner: WindowAssigner { settings.assigner }
    /// What becomes of late records.
    @inlinable public var late: LateRecords<Element> { settings.late }

    /// Cuts `keyed` into windows, as ``KeyedStream/windowed(_:late:)`` does.
    @inlinable
    public init(
        keyed: KeyedStream<Element, Key>, assigner: WindowAssigner, late: LateRecords<Element>
    ) {
        self.keyed = keyed
        settings = WindowSettings(assigner: assigner, late: late)
    }
}

/// How a stream is cut into windows.
///
/// An object, because the optimizer does not take values of more than six fields apart: it would
/// lose sight of the key's function, which then could not be put into the record loop.
@usableFromInline
final class WindowSettings<Element: Sendable> {
    @usableFromInline let assigner: WindowAssigner
    @usableFromInline let late: LateRecords<Element>

    @inlinable init(assigner: WindowAssigner, late: LateRecords<Element>) {
        self.assigner = assigner
        self.late = late
    }
}

/// A result with the key and the window that it is for.
public struct WindowResult<Key: Sendable, Value: Sendable>: Sendable {
    /// The key.
    public var key: Key
    /// The window.
    public var window: Window
    /// The result.
    public var value: Value

    /// A result for a key and a window.
    @inlinable public init(key: Key, window: Window, value: Value) {
        self.key = key
        self.window = window
        self.value = value
    }
}

extension WindowResult: Equatable where Key: Equatable, Value: Equatable {}
extension WindowResult: Hashable where Key: Hashable, Value: Hashable {}

extension KeyedStream {
    /// This stream cut into windows, each key's on its own.
    ///
    /// A window is closed, and its result emitted, when the watermark passes its end; its state is
    /// then gone. A record is late when all windows that it belongs to have closed.
    @inlinable @inline(__always)
    public func windowed(
        _ assigner: WindowAssigner, late: LateRecords<Element>
    ) -> WindowedStream<Element, Key> {
        WindowedStream(keyed: self, assigner: assigner, late: late)
    }
}

extension WindowedStream {
    /// A stream of one result for each key and window in which records came.
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
        aggregated(.aggregate, aggregate, as: name, result)
    }

    /// A stream of one ``WindowResult`` for each key and window in which records came.
    @inlinable @inline(__always)
    public func aggregate<Folded: Aggregate>(
        _ aggregate: Folded, as name: String
    ) -> DataStream<WindowResult<Key, Folded.Result>> where Folded.Input == Element {
        aggregated(.aggregate, aggregate, as: name) {
            WindowResult(key: $0, window: $1, value: $2)
        }
    }

    @inlinable @inline(__always)
    func aggregated<Folded: Aggregate, Output: Sendable>(
        _ kind: OperatorKind, _ folded: Folded, as name: String,
        _ result: @escaping @Sendable (Key, Window, Folded.Result) throws -> Output
    ) -> DataStream<Output> where Folded.Input == Element {
        let assigner = self.assigner
        let fold = windowFold(by: keyed.key, Folded.self, Output.self)
        let body = TransformBody { context, outputs, _ in
            [
                AnyStep(
                    windowAggregateStep(
                        context, into: try outputs.step(0),
                        late: try outputs.lateStep(of: Element.self), assigner, folded,
                        fold: fold, result: result))
            ]
        }
        let job = keyed.stream.job
        let id = job.add(
            kind, as: name, detail: "\(assigner)", inputs: [keyed.edge()],
            outputTypes: [Output.self, Element.self], body: .transform(body))
        job.check(assigner, of: id)
        if case .sideOutput(let branch) = late {
            branch(DataStream(job: job, output: OutputReference(id, port: 1)))
        }
        return DataStream(job: job, output: OutputReference(id))
    }
}

extension JobBuilder {
    /// Reports what makes an assigner unusable.
    @usableFromInline func check(_ assigner: WindowAssigner, of id: OperatorID) {
        guard let problem = assigner.problem else { return }
        report(
            GraphProblem(
                id, problem, mend: "Give spans of at least a microsecond, such as `.minutes(1)`"))
    }
}

extension [AnyStep?] {
    /// The step of the side output of late records; `nil` where nothing reads it.
    @inlinable func lateStep<Record>(of type: Record.Type) throws -> Step<Record>? {
        guard count > 1, let step = self[1] else { return nil }
        return try step.typed(type)
    }
}
