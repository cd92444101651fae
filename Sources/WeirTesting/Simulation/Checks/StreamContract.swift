import WeirCore
package import WeirGraph

/// Watches what each operator of a job is given: watermarks and epochs never go back, nothing comes
/// after the end, nothing is handed to what is suspended.
enum StreamContract {
    /// The graph with a watch before each input of each operator.
    static func watching(
        _ graph: LogicalGraph, _ report: @escaping @Sendable (String) -> Void
    ) -> LogicalGraph {
        graph.replacingBodies { node, body in
            TransformBody(
                prepare: body.prepare,
                makeSteps: { context, outputs, prepared in
                    let steps = try body.makeSteps(context, outputs, prepared)
                    return try steps.enumerated().map { port, step in
                        let edge = node.inputs.first { $0.port == port }
                        guard let from = edge?.from,
                            let type = graph[from.operatorID]?.outputTypes[from.port]
                        else { return step }
                        return try watched(step, of: type) { problem in
                            report("operator '\(node.id)', subtask \(context.subtask): \(problem)")
                        }
                    }
                })
        }
    }

    private static func watched<Element: Sendable>(
        _ step: AnyStep, of type: Element.Type, _ report: @escaping (String) -> Void
    ) throws -> AnyStep {
        let step = try step.typed(type)
        let watch = Watch(report)
        return AnyStep(
            Step<Element>(
                process: { batch in
                    watch.noteRecords()
                    return watch.answer(try step.process(&batch))
                },
                signal: { signal in
                    watch.note(signal)
                    return watch.answer(try step.signal(signal))
                },
                resume: { watch.answer(try step.resume()) }))
    }

    /// What has gone by at one input.
    private final class Watch {
        private let report: (String) -> Void
        private var watermark = Timestamp.earliest
        private var epoch = Epoch.none
        private var hasEnded = false
        private var isSuspended = false

        init(_ report: @escaping (String) -> Void) { self.report = report }

        func noteRecords() {
            if hasEnded { report("records come after the end") }
            if isSuspended { report("records come to what is suspended") }
        }

        func note(_ signal: Signal) {
            if isSuspended { report("\(signal) comes to what is suspended") }
            switch signal {
            case .watermark(let time):
                if time < watermark {
                    report("the watermark goes back from \(watermark) to \(time)")
                }
                if hasEnded { report("a watermark comes after the end") }
                watermark = max(watermark, time)
            case .barrier(let epoch):
                if epoch <= self.epoch { report("barrier \(epoch) comes after \(self.epoch)") }
                self.epoch = max(self.epoch, epoch)
            case .end:
                if hasEnded { report("the end comes twice") }
                hasEnded = true
            case .idle, .flush, .tick: break
            }
        }

        func answer(_ progress: Progress) -> Progress {
            isSuspended = progress != .done
            return progress
        }
    }
}

extension LogicalGraph {
    /// The graph with other bodies in place of those of the operators between sources and sinks.
    package func replacingBodies(
        _ replacement: (OperatorNode, TransformBody) -> TransformBody
    ) -> LogicalGraph {
        LogicalGraph(
            job: job,
            operators: operators.map { node in
                guard case .transform(let body) = node.body else { return node }
                return OperatorNode(
                    id: node.id, kind: node.kind, detail: node.detail, inputs: node.inputs,
                    outputTypes: node.outputTypes, sideOutputs: node.sideOutputs,
                    parallelism: node.parallelism, isNamed: node.isNamed,
                    needsWatermarks: node.needsWatermarks,
                    body: .transform(replacement(node, body)))
            }, problems: problems)
    }
}
