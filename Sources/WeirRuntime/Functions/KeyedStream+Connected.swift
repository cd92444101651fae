public import WeirCore
public import WeirGraph

/// Two streams with keys of one type, to be treated by one function.
public struct ConnectedStreams<First: Sendable, Second: Sendable, Key: StreamKey> {
    @usableFromInline let first: KeyedStream<First, Key>
    @usableFromInline let second: KeyedStream<Second, Key>

    @inlinable init(first: KeyedStream<First, Key>, second: KeyedStream<Second, Key>) {
        self.first = first
        self.second = second
    }

    /// A stream of what `function` emits, called with each record of either stream, with state and
    /// timers for each key that the two share.
    ///
    /// - Parameter name: The operator's name; state and timers are saved under it.
    @inlinable
    public func process<Function: KeyedCoProcessFunction>(
        _ function: Function, as name: String
    ) -> DataStream<Function.Output>
    where Function.First == First, Function.Second == Second, Function.Key == Key {
        let (firstKey, secondKey) = (first.key, second.key)
        let body = TransformBody { context, outputs, _ in
            let steps = try keyedCoProcessSteps(
                context, into: outputs, function, firstKey: firstKey, secondKey: secondKey)
            return [AnyStep(steps.first), AnyStep(steps.second)]
        }
        return first.stream.job.addFunction(
            .coProcess, as: name, inputs: [first.edge(toPort: 0), second.edge(toPort: 1)],
            emitting: Function.Output.self, function.sideOutputs, retention: function.retention,
            body)
    }
}

extension KeyedStream {
    /// This stream and another with keys of the same type, to be treated by one function.
    @inlinable
    public func connected<Other: Sendable>(
        with other: KeyedStream<Other, Key>
    ) -> ConnectedStreams<Element, Other, Key> {
        ConnectedStreams(first: self, second: other)
    }

    /// A stream of what `function` emits, called with each record of this stream, with state and timers
    /// for each key, and with each record of `rules`, which comes to every subtask.
    ///
    /// - Parameters:
    ///   - rules: The stream whose records come to every subtask.
    ///   - name: The operator's name; state and timers are saved under it.
    @inlinable
    public func broadcastProcess<Function: KeyedBroadcastFunction>(
        _ function: Function, with rules: DataStream<Function.Broadcast>, as name: String
    ) -> DataStream<Function.Output> where Function.Input == Element, Function.Key == Key {
        let key = self.key
        let body = TransformBody { context, outputs, _ in
            let steps = try keyedBroadcastSteps(context, into: outputs, function, keyOf: key)
            return [AnyStep(steps.keyed), AnyStep(steps.broadcast)]
        }
        return stream.job.addFunction(
            .broadcastProcess, as: name,
            inputs: [
                edge(toPort: 0),
                GraphEdge(from: rules.output, partitioning: .broadcast, port: 1),
            ],
            emitting: Function.Output.self, function.sideOutputs, retention: function.retention,
            body)
    }
}
