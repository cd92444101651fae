public import WeirCore

/// A vertex of the logical graph: one operator, as the DSL recorded it.
public struct OperatorNode: Sendable {
    /// Its identity within the job.
    public let id: OperatorID
    /// What it does, in one word of the DSL: `map`, `aggregate`, `sink`.
    public let kind: OperatorKind
    /// What else a reader of the plan wants to know: the window, the file.
    public let detail: String
    /// Where its records come from, in the order of its ports.
    public let inputs: [GraphEdge]
    /// The type of the records that leave by each output port: the main one first.
    public let outputTypes: [any Sendable.Type]
    /// The names of its named side outputs, which are the ports from 1 on; each counts what it hands
    /// over. Empty where port 1, if there is one, is that of late records.
    public let sideOutputs: [String]
    /// How many subtasks it may have.
    public let parallelism: ParallelismRule
    /// Whether the job gave it a name.
    public let isNamed: Bool
    /// Whether it acts on the watermark, and so is never done without one.
    public let needsWatermarks: Bool
    /// What it is compiled to.
    public let body: OperatorBody

    /// Describes an operator; ``JobBuilder/add(_:as:detail:inputs:outputTypes:sideOutputs:parallelism:needsWatermarks:body:)``
    /// is the usual way to get one.
    public init(
        id: OperatorID, kind: OperatorKind, detail: String = "", inputs: [GraphEdge],
        outputTypes: [any Sendable.Type], sideOutputs: [String] = [],
        parallelism: ParallelismRule = .job, isNamed: Bool, needsWatermarks: Bool? = nil,
        body: OperatorBody
    ) {
        self.id = id
        self.kind = kind
        self.detail = detail
        self.inputs = inputs
        self.outputTypes = outputTypes
        self.sideOutputs = sideOutputs
        self.parallelism = parallelism
        self.isNamed = isNamed
        self.needsWatermarks = needsWatermarks ?? kind.needsWatermarks
        self.body = body
    }
}

extension OperatorNode {
    /// What a plan calls one of its output ports; empty for the main one.
    func outputName(_ port: Int) -> String {
        if port == 0 { return "" }
        if sideOutputs.indices.contains(port - 1) {
            return "side output '\(sideOutputs[port - 1])'"
        }
        return port == 1 ? "late records" : "output \(port)"
    }
}

/// The kinds of operator that the DSL makes.
public enum OperatorKind: String, Sendable, CaseIterable {
    /// Reads records from outside.
    case source
    /// Treats records one by one, and keeps none.
    case map, filter, compactMap, flatMap
    /// Merges streams of one type.
    case union
    /// Gives records their event times, and sends watermarks.
    case watermarked
    /// Looks records up in a small table.
    case enriched
    /// Folds the records of a key and window.
    case aggregate, reduce
    /// Brings the records of two streams together, by key and time.
    case join
    /// Keeps state and timers for each key, by a function of the user's.
    case process, coProcess
    /// Treats one stream by rules that another brings to every subtask.
    case broadcastProcess
    /// Calls an asynchronous function for each record, several at a time.
    case mapAsync, lookup
    /// Holds records back to keep to a rate.
    case rateLimited
    /// Keeps an updating view: the latest row of each key.
    case table
    /// Keeps the first or last record of each key; the best few.
    case deduplicated, ranked
    /// Finds sequences of records.
    case pattern
    /// Takes records out of the job.
    case sink
    /// Deals batches to all subtasks in turn.
    case rebalanced

    /// Whether state outlives a record, so that the operator must be named.
    public var keepsState: Bool {
        switch self {
        case .aggregate, .reduce, .join, .process, .coProcess, .broadcastProcess, .table,
            .deduplicated, .ranked, .pattern:
            true
        case .source, .map, .filter, .compactMap, .flatMap, .union, .watermarked, .enriched,
            .mapAsync, .lookup, .rateLimited, .sink, .rebalanced:
            false
        }
    }
    /// Whether it acts on the watermark, unless the operator says otherwise.
    public var needsWatermarks: Bool {
        self == .aggregate || self == .reduce || self == .join || self == .pattern
    }
}

/// How many subtasks an operator may have.
public enum ParallelismRule: Hashable, Sendable {
    /// As many as the job's parallelism.
    case job
    /// The job's parallelism, but no more than this.
    case atMost(Int)

    /// The number of subtasks at that parallelism of the job.
    public func resolved(_ parallelism: Int) -> Int {
        switch self {
        case .job: parallelism
        case .atMost(let most): min(parallelism, most)
        }
    }
}

/// One of an operator's output ports.
public struct OutputReference: Hashable, Sendable {
    /// The operator that the port belongs to.
    public let operatorID: OperatorID
    /// 0: the main output; 1: late records, or the first named side output.
    public let port: Int

    /// An output port of an operator, the main one unless said otherwise.
    public init(_ operatorID: OperatorID, port: Int = 0) {
        self.operatorID = operatorID
        self.port = port
    }
}

/// An edge of the logical graph, held by the operator that it leads to.
public struct GraphEdge: Sendable {
    /// The output that its records come from.
    public let from: OutputReference
    /// Which subtask each of them goes to.
    public let partitioning: Partitioning
    /// The input port of the operator that it leads to; edges to one port are merged.
    public let port: Int

    /// An edge from an output to an input port.
    public init(from: OutputReference, partitioning: Partitioning = .forward, port: Int = 0) {
        self.from = from
        self.partitioning = partitioning
        self.port = port
    }
}

/// Which subtask a record goes to.
public enum Partitioning: Sendable {
    /// The one with the same index; all to the first where that has fewer subtasks.
    case forward
    /// The one that owns the record's key.
    case keyed(KeyPartitioner)
    /// Each in turn, a batch at a time.
    case rebalance
    /// Every one: each gets a copy of each record.
    case broadcast

    /// For the plan: `forward`, `by key String`.
    public var description: String {
        switch self {
        case .forward: "forward"
        case .keyed(let partitioner): "by key \(partitioner.keyType)"
        case .rebalance: "rebalance"
        case .broadcast: "broadcast"
        }
    }
}

/// Spreads records over subtasks by their keys.
public struct KeyPartitioner: Sendable {
    /// The name of the key's type.
    public let keyType: String
    /// Makes the step that feeds the given targets.
    public let makeStep:
        @Sendable (_ targets: [AnyStep], KeyGroups, _ batchSize: Int) throws -> AnyStep

    /// A partitioner for records of one type, formed where the key function's type is known.
    @inlinable @inline(__always)
    public init<Element, Key: StreamKey>(
        _ type: Element.Type, by keyOf: @escaping @Sendable (Element) -> Key
    ) {
        keyType = String(describing: Key.self)
        let assignHashes: @Sendable (inout Batch<Element>) -> Void = { batch in
            batch.assignHashes { keyOf($0).stableHash }
        }
        makeStep = { targets, groups, batchSize in
            let typed = try targets.map { try $0.typed(Element.self) }
            return AnyStep(
                exchangeStep(
                    to: typed, groups: groups, batchSize: batchSize, hashing: assignHashes))
        }
    }
}
