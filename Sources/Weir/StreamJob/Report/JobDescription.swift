import WeirCore
public import WeirGraph
import WeirRuntime

/// What a job reads and writes, and what it promises about it: the facts that `describe` shows.
public struct JobDescription: Hashable, Sendable, Codable {
    /// The job's name.
    public var job: String
    /// Where its records come from.
    public var sources: [SourceEntry]
    /// The operators that keep state until the watermark passes.
    public var windows: [WindowEntry]
    /// Where its results go.
    public var sinks: [SinkEntry]

    /// A source.
    public struct SourceEntry: Hashable, Sendable, Codable {
        /// The operator's name.
        public var name: String
        /// What is read.
        public var reads: String
        /// The Swift type of a record.
        public var recordType: String
        /// What becomes of records that cannot be read.
        public var badRecords: String
        /// Whether what was read can be read again after a failure.
        public var isReplayable: Bool
        /// How its watermarks are made; empty where it has none.
        public var watermarks: [String]
        /// The fields of a record; empty where they are not known.
        public var fields: [FieldEntry]
    }

    /// An operator with windows.
    public struct WindowEntry: Hashable, Sendable, Codable {
        /// The operator's name.
        public var name: String
        /// What it does: `aggregate`, `reduce`, `join`.
        public var kind: String
        /// Which windows there are.
        public var windows: String
        /// What becomes of records that come after their windows have closed.
        public var lateRecords: String
    }

    /// A sink.
    public struct SinkEntry: Hashable, Sendable, Codable {
        /// The operator's name.
        public var name: String
        /// What is written.
        public var writes: String
        /// The Swift type of a record.
        public var recordType: String
        /// `transactional`, `idempotent` or `at-least-once`.
        public var guarantee: String
        /// The fields of a record; empty where they are not known.
        public var fields: [FieldEntry]
    }

    /// A field of a record.
    public struct FieldEntry: Hashable, Sendable, Codable {
        /// Its name in files, tables and messages.
        public var name: String
        /// `string`, `int64?`, `list of double`.
        public var type: String
        /// The unit of its values.
        public var unit: String?
        /// What it means.
        public var documentation: String?
        /// Other names that it is found under.
        public var aliases: [String]
    }

    /// Describes what a graph says.
    public init(_ graph: LogicalGraph) {
        job = graph.job
        sources = graph.operators.compactMap { SourceEntry($0, in: graph) }
        windows = graph.operators.filter(\.kind.keepsState).map { WindowEntry($0, in: graph) }
        sinks = graph.operators.compactMap { SinkEntry($0, in: graph) }
    }
}

extension JobDescription.SourceEntry {
    init?(_ node: OperatorNode, in graph: LogicalGraph) {
        guard case .source(let source) = node.body else { return nil }
        name = node.id.name
        reads = node.detail
        recordType = node.outputTypes.first.map { String(describing: $0) } ?? ""
        badRecords =
            switch source.badRecords {
            case .fail: "the first one stops the job"
            case .deadLetter(let path):
                "set aside in \(path ?? deadLetterPath(for: node.id.name))"
            case .skip(let limit): "up to \(limit) are counted and passed over"
            }
        isReplayable = source.isReplayable
        watermarks = Self.strategies(below: node.id, in: graph)
        fields = source.fields.map(JobDescription.FieldEntry.init)
    }

    /// The strategies that a source's records meet first on their ways.
    private static func strategies(below id: OperatorID, in graph: LogicalGraph) -> [String] {
        var found: [String] = []
        var open = [id]
        var seen: Set<OperatorID> = []
        while let next = open.popLast() {
            for (_, node) in graph.outgoing(next) where seen.insert(node.id).inserted {
                if node.kind == .watermarked {
                    found.append(node.detail)
                } else {
                    open.append(node.id)
                }
            }
        }
        return found
    }
}

extension JobDescription.WindowEntry {
    init(_ node: OperatorNode, in graph: LogicalGraph) {
        name = node.id.name
        kind = node.kind.rawValue
        windows = node.detail
        let readers = graph.outgoing(node.id).filter { $0.edge.from.port == 1 }.map(\.to.id)
        lateRecords =
            readers.isEmpty
            ? "counted and dropped"
            : "go to " + readers.map { "'\($0)'" }.joined(separator: ", ")
    }
}

extension JobDescription.SinkEntry {
    init?(_ node: OperatorNode, in graph: LogicalGraph) {
        guard case .sink(let sink) = node.body else { return nil }
        name = node.id.name
        writes = node.detail
        let input = node.inputs.first?.from
        let types = input.flatMap { graph[$0.operatorID]?.outputTypes } ?? []
        recordType =
            input.flatMap { types.indices.contains($0.port) ? types[$0.port] : nil }
            .map { String(describing: $0) } ?? ""
        guarantee = sink.guarantee.rawValue
        fields = sink.fields.map(JobDescription.FieldEntry.init)
    }
}

extension JobDescription.FieldEntry {
    init(_ field: FieldDescription) {
        name = field.name
        type = Self.text(field.type) + (field.isOptional ? "?" : "")
        unit = field.unit
        documentation = field.documentation
        aliases = field.aliases
    }

    private static func text(_ type: FieldType) -> String {
        switch type {
        case .list(let element): "list of \(text(element))"
        case .record(let fields):
            "record ("
                + fields.map { Self($0) }.map { "\($0.name): \($0.type)" }
                .joined(separator: ", ") + ")"
        default: "\(type)"
        }
    }
}
