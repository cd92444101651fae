import WeirCore
import WeirGraph
import WeirRuntime

/// Puts the operators of a graph together as one chain of one subtask.
struct PipelineAssembly {
    private(set) var contexts: [OperatorID: SubtaskContext] = [:]
    private let graph: LogicalGraph
    private let makeContext: (OperatorID) -> SubtaskContext
    private var steps: [OperatorID: [AnyStep]] = [:]
    /// For each input port that several edges lead to, the steps that merge them, not yet given out.
    private var merged: [Port: [AnyStep]] = [:]

    private struct Port: Hashable {
        let id: OperatorID
        let number: Int
    }

    init(graph: LogicalGraph, makeContext: @escaping (OperatorID) -> SubtaskContext) {
        self.graph = graph
        self.makeContext = makeContext
    }

    /// The step of an operator's input port.
    mutating func step(_ id: OperatorID, port: Int) throws -> AnyStep {
        if steps[id] == nil { steps[id] = try makeSteps(id) }
        guard let made = steps[id], made.indices.contains(port) else {
            throw StepContractViolation("'\(id)' has no input port \(port)")
        }
        let edges = graph[id]?.inputs.filter { $0.port == port } ?? []
        guard edges.count > 1, let above = graph[edges[0].from.operatorID] else {
            return made[port]
        }
        let key = Port(id: id, number: port)
        var left =
            try merged[key]
            ?? mergedSteps(
                of: above.outputTypes[edges[0].from.port], count: edges.count, into: made[port],
                keptIn: mergerContext(of: id, port: port))
        defer { merged[key] = left }
        return left.removeLast()
    }

    /// Where the merged marks of a port are kept: beside the operator, whose own parts may have the
    /// same name.
    private mutating func mergerContext(of id: OperatorID, port: Int) -> SubtaskContext {
        let name = OperatorID("\(id) input \(port)")
        let context = makeContext(name)
        contexts[name] = context
        return context
    }

    private mutating func makeSteps(_ id: OperatorID) throws -> [AnyStep] {
        guard let node = graph[id], case .transform(let body) = node.body else {
            throw StepContractViolation(
                "'\(id)' reads or writes outside the job; use the harness's inputs and outputs")
        }
        var outputs: [AnyStep?] = []
        for (port, type) in node.outputTypes.enumerated() {
            var branches: [AnyStep] = []
            for below in graph.operators {
                for edge in below.inputs
                where edge.from == OutputReference(id, port: port) {
                    branches.append(try step(below.id, port: edge.port))
                }
            }
            outputs.append(branches.isEmpty ? nil : try makeFanOut(of: type, to: branches))
        }
        let context = makeContext(id)
        contexts[id] = context
        return try body.makeSteps(context, outputs, try body.prepare?())
    }
}

private func makeFanOut<Element: Sendable>(
    of type: Element.Type, to branches: [AnyStep]
) throws -> AnyStep {
    AnyStep(fanOutStep(to: try branches.map { try $0.typed(type) }))
}

/// The steps of several edges that lead to one port.
private func mergedSteps<Element: Sendable>(
    of type: Element.Type, count: Int, into port: AnyStep, keptIn context: SubtaskContext
) throws -> [AnyStep] {
    let step = try port.typed(type)
    let merger = MergerBox(SignalMerger(SplitWatermarks(count: count)))
    context.keepInputs(of: merger, \.value)
    return (0..<count).map { input in
        AnyStep(
            Step<Element>(
                process: {
                    merger.value.noteRecords(from: input)
                    return try step.process(&$0)
                },
                signal: { signal in
                    guard let merged = merger.value.note(signal, from: input) else { return .done }
                    return try step.signal(merged)
                }, resume: step.resume))
    }
}

private final class MergerBox {
    var value: SignalMerger
    init(_ value: SignalMerger) { self.value = value }
}
