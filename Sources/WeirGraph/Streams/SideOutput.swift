/// A further output of an operator, beside its main one: a name, and the type of its records.
///
/// Declare it where the operator's function and the job both see it; the function lists it among its
/// `sideOutputs` and emits to it, the job reads it with ``DataStream/sideOutput(_:)``. What is emitted
/// to a side output that nothing reads is counted as `unread` in the ledger.
public struct SideOutput<Element: Sendable>: SideOutputDeclaration, Hashable {
    /// The name, unique among the side outputs of one operator.
    public let name: String

    /// Declares a side output.
    @inlinable public init(_ name: String) { self.name = name }
}

/// A ``SideOutput`` of some type, as an operator lists them.
public protocol SideOutputDeclaration: Sendable {
    /// The records that leave by it.
    associatedtype Element: Sendable
    /// The name, unique among the side outputs of one operator.
    var name: String { get }
}

extension SideOutputDeclaration {
    /// The type of its records.
    @inlinable public var elementType: any Sendable.Type { Element.self }
}

extension DataStream {
    /// The stream of a named side output of the operator that this stream comes from.
    ///
    /// Validation reports a side output that the operator does not declare.
    public func sideOutput<Side: Sendable>(_ side: SideOutput<Side>) -> DataStream<Side> {
        DataStream<Side>(job: job, output: job.output(side, of: output.operatorID))
    }
}

extension JobBuilder {
    /// The port of a named side output; reports a problem where the operator does not have it.
    func output<Side>(_ side: SideOutput<Side>, of id: OperatorID) -> OutputReference {
        let node = graph[id]
        if let node, let index = node.sideOutputs.firstIndex(of: side.name),
            node.outputTypes.indices.contains(index + 1), node.outputTypes[index + 1] == Side.self
        {
            return OutputReference(id, port: index + 1)
        }
        report(
            GraphProblem(
                id, "it has no side output '\(side.name)' of \(Side.self)",
                mend: "List it in the function's `sideOutputs`"))
        return OutputReference(id)
    }

    /// Reports side outputs that share a name.
    package func check(_ sideOutputs: [any SideOutputDeclaration], of id: OperatorID) {
        var seen: Set<String> = []
        for side in sideOutputs where !seen.insert(side.name).inserted {
            report(
                GraphProblem(
                    id, "two of its side outputs are named '\(side.name)'",
                    mend: "Give each its own name"))
        }
    }
}
