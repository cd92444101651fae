import WeirCore

/// Takes a barrier through a chain: flushes it, so that nothing is in transit between its steps;
/// saves the state of all of them; sends the barrier on.
///
/// Each stage can be suspended by the outputs; the chain resumes its steps and calls again.
struct BarrierPassage {
    private enum Stage {
        case flush, cut, send
    }

    private var stage = Stage.flush
    /// The epoch that ends with the barrier; `nil` while none goes through.
    private(set) var epoch: Epoch?

    /// Starts with a barrier.
    mutating func start(_ epoch: Epoch) {
        self.epoch = epoch
        stage = .flush
    }

    /// Goes as far as the outputs let it.
    ///
    /// - Returns: ``Progress/done`` when the barrier is through.
    mutating func advance(
        flush: () throws -> Progress, cut: (Epoch) throws -> Void,
        send: (Signal) throws -> Progress
    ) throws -> Progress {
        guard let epoch else { return .done }
        switch stage {
        case .flush:
            // A flush that was refused may not have reached all steps, so it is sent again.
            let progress = try flush()
            guard progress == .done else { return progress }
            stage = .cut
            fallthrough
        case .cut:
            try cut(epoch)
            stage = .send
            let progress = try send(.barrier(epoch))
            guard progress == .done else { return progress }
            self.epoch = nil
            return .done
        case .send:
            // Called again, the steps have been resumed: they have handed the barrier on.
            self.epoch = nil
            return .done
        }
    }
}
