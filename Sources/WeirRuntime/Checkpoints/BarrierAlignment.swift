import WeirCore

/// Which inputs of a chain have had their barrier, and when all have.
///
/// One for all ports of a chain, since they share the steps below them. An input that has ended
/// counts as aligned. A barrier of a later epoch makes the one that was waited for obsolete: its
/// checkpoint has been given up.
///
/// A barrier can also go through before it is aligned; what it overtakes is then part of the
/// checkpoint, and when it comes to the head of a queue later nothing is left to do.
///
/// Source: Carbone et al., "Lightweight Asynchronous Snapshots for Distributed Dataflows", 2015.
final class BarrierAlignment {
    private var barriers: [Epoch] = []
    private var hasEnded: [Bool] = []
    /// The epoch that is being aligned.
    private var epoch = Epoch.none
    /// The last epoch whose barrier went through.
    private var passed = Epoch.none
    /// The last epoch whose barrier overtook records.
    private var overtaken = Epoch.none
    private let holdsBack: Bool

    /// - Parameter holdsBack: Whether inputs wait for each other; if not, records of the next epoch can
    ///   get into the snapshot, and come again after a restore.
    init(holdsBack: Bool = true) { self.holdsBack = holdsBack }

    /// Adds the inputs of a port.
    ///
    /// - Returns: The number of the first.
    func addInputs(_ count: Int) -> Int {
        defer {
            barriers += Array(repeating: .none, count: count)
            hasEnded += Array(repeating: false, count: count)
        }
        return barriers.count
    }

    /// Whether an input must not be read, because its barrier has come and others' have not.
    func isHeldBack(_ input: Int) -> Bool {
        epoch > passed && holdsBack && barriers[input] == epoch
    }

    /// Notes the barrier of an input.
    func note(_ epoch: Epoch, from input: Int) {
        barriers[input] = max(barriers[input], epoch)
        self.epoch = max(self.epoch, epoch)
    }

    /// Notes that an input has ended.
    func noteEnd(of input: Int) { hasEnded[input] = true }

    /// The epoch whose barrier has come from all inputs; `nil` while there is none.
    var aligned: Epoch? {
        guard epoch > passed else { return nil }
        for input in barriers.indices where barriers[input] < epoch && !hasEnded[input] {
            return nil
        }
        return epoch
    }

    /// Whether the barrier of an input has come, or never will because the input has ended.
    func hasCome(_ epoch: Epoch, from input: Int) -> Bool {
        hasEnded[input] || barriers[input] >= epoch
    }

    /// Whether a barrier has not gone through, and no later one has made it obsolete.
    func awaits(_ epoch: Epoch) -> Bool { epoch > passed && epoch >= self.epoch }

    /// Has a barrier go through that has not come from all inputs.
    func overtake(_ epoch: Epoch) {
        self.epoch = epoch
        overtaken = epoch
    }

    /// The epoch whose barrier goes through ahead of records; `nil` while there is none.
    var overtaking: Epoch? { overtaken > passed ? overtaken : nil }

    /// The barrier has gone through: all inputs may be read again.
    func pass() { passed = epoch }
}
