public import WeirCore

/// Records what a job's `define` says, as a logical graph.
///
/// Used on one thread, while the job is defined.
public final class JobBuilder {
    /// The job's name, for messages and for the plan.
    public let name: String
    private var operators: [OperatorNode] = []
    private var problems: [GraphProblem] = []
    private var namesGiven: [OperatorKind: Int] = [:]
    private var readersRequired: [(output: OutputReference, problem: GraphProblem)] = []

    /// Starts an empty job.
    public init(name: String) { self.name = name }

    /// What has been recorded so far.
    public var graph: LogicalGraph {
        LogicalGraph(job: name, operators: operators, problems: problems + unreadOutputs())
    }

    private func unreadOutputs() -> [GraphProblem] {
        let read = Set(operators.flatMap { $0.inputs.map(\.from) })
        return readersRequired.filter { !read.contains($0.output) }.map(\.problem)
    }

    /// Adds an operator; the DSL's methods are made of this.
    ///
    /// - Parameters:
    ///   - name: The name the job gave it; `nil`: one is made from its kind.
    ///   - outputTypes: What leaves by each output port, the main one first.
    ///   - sideOutputs: The names of the ports from 1 on, where these are named side outputs.
    ///   - needsWatermarks: Whether it acts on the watermark; `nil`: as its kind does.
    /// - Returns: Its id.
    @discardableResult
    public func add(
        _ kind: OperatorKind, as name: String?, detail: String = "", inputs: [GraphEdge],
        outputTypes: [any Sendable.Type], sideOutputs: [String] = [],
        parallelism: ParallelismRule = .job, needsWatermarks: Bool? = nil, body: OperatorBody
    ) -> OperatorID {
        let id = OperatorID(name ?? makeName(kind))
        operators.append(
            OperatorNode(
                id: id, kind: kind, detail: detail, inputs: inputs, outputTypes: outputTypes,
                sideOutputs: sideOutputs, parallelism: parallelism, isNamed: name != nil,
                needsWatermarks: needsWatermarks, body: body))
        return id
    }

    /// Notes something that is wrong; validation reports it with everything else.
    public func report(_ problem: GraphProblem) { problems.append(problem) }

    /// Has validation report `problem` if nothing comes to read `output`: a side output that a job asked
    /// for and then forgot would drop its records.
    public func requireReader(of output: OutputReference, or problem: String, mend: String) {
        readersRequired.append(
            (output, GraphProblem(output.operatorID, problem, mend: mend)))
    }

    /// Reports what makes a watermark strategy unusable.
    @usableFromInline func check(_ strategy: WatermarkStrategy, of id: OperatorID) {
        guard let problem = strategy.problem else { return }
        report(
            GraphProblem(id, problem, mend: "Give a span of zero or more, such as `.minutes(5)`"))
    }

    private func makeName(_ kind: OperatorKind) -> String {
        let number = namesGiven[kind, default: 0] + 1
        namesGiven[kind] = number
        let name = "\(kind.rawValue)-\(number)"
        return operators.contains { $0.id.name == name } ? makeName(kind) : name
    }

    /// A stream of the records of `source`.
    ///
    /// - Parameters:
    ///   - onBadRecord: What to do with records that cannot be read. Unless told otherwise the first one
    ///     stops the job: nothing is lost unasked.
    ///   - name: The operator's name; its offsets are saved under it.
    @inlinable
    public func source<S: Source>(
        _ source: S, onBadRecord policy: BadRecordPolicy = .fail, as name: String
    ) -> DataStream<S.Element> {
        let id = add(
            .source, as: name, detail: source.summary, inputs: [],
            outputTypes: [S.Element.self],
            body: .source(SourceBody(source, badRecords: policy)))
        return DataStream(job: self, output: OutputReference(id))
    }
}
