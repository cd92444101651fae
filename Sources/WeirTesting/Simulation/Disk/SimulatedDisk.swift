import WeirCore
public import WeirState

/// A disk in memory whose files fail, fill up and crash as told, and of which a crash loses what was not
/// synchronized.
///
/// Changes of a directory's names are kept as a list until the directory is synchronized; a crash
/// applies any of them, in order. What was written to a file and not synchronized is there, torn or
/// gone. The same calls meet the same faults: nothing here depends on time or chance but by a seed.
///
/// ```swift
/// let disk = SimulatedDisk()
/// disk.plan(.crash, at: 40)
/// let directory = CheckpointDirectory("/state/orders", fileSystem: disk)
/// // … write checkpoints until that throws, then look at what a crash has left:
/// let left = CheckpointDirectory("/state/orders", fileSystem: disk.afterCrash(.some(seed: 1)))
/// ```
///
/// Any thread may call any method.
///
/// Source: Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014.
public final class SimulatedDisk: CheckpointFileSystem {
    /// What a crash does with changes that were not synchronized.
    public enum Loss: Sendable {
        /// All of them are lost.
        case everything
        /// All of them have reached the disk.
        case nothing
        /// Some are lost, some are there, and some of what was written is torn.
        case some(seed: UInt64)
    }

    /// What one operation meets.
    public enum Fault: Sendable {
        /// It fails, having done nothing (or half of an append).
        case failure
        /// There is no room; half of an append arrives.
        case full
        /// The process dies in it; whatever comes after fails as well.
        case crash
    }

    /// A file or directory. Unchecked: touched only while `state` is locked.
    final class Node: @unchecked Sendable {
        var bytes: [UInt8] = [], durableBytes: [UInt8] = []
        var names: [String: Node] = [:], durableNames: [String: Node] = [:]
        var pending: [(remove: String?, add: String?, node: Node)] = []
        let isDirectory: Bool

        init(isDirectory: Bool) { self.isDirectory = isDirectory }
    }

    struct State {
        var root = Node(isDirectory: true)
        var operations = 0
        var faults: [Int: Fault] = [:]
        var onFault: @Sendable (Fault) -> Void = { _ in }
        var hasCrashed = false
        var capacity = Int.max
        var locked: Set<String> = []
    }

    let state: Locked<State>

    /// Makes an empty disk with room for everything.
    public init() { state = Locked(State()) }

    private init(_ state: State) { self.state = Locked(state) }

    /// How many operations have changed something, or tried to.
    public var operations: Int { state.withLock { $0.operations } }
    /// The bytes that fit on the disk.
    public var capacity: Int {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }
    /// The bytes on the disk.
    public var used: Int { state.withLock { Self.bytes(of: $0.root) } }

    /// Sets what the operation with that number, from 0, meets.
    public func plan(_ fault: Fault, at operation: Int) {
        state.withLock { $0.faults[operation] = fault }
    }

    /// Sets what is called when a fault is met, by whoever met it; after the operation.
    func observeFaults(_ body: @escaping @Sendable (Fault) -> Void) {
        state.withLock { $0.onFault = body }
    }

    /// Has every operation fail from now on, as when the process that uses the disk has died.
    public func crash() { state.withLock { $0.hasCrashed = true } }

    /// The paths of all files.
    public var files: [String] {
        state.withLock { state in
            var paths: [String] = []
            func walk(_ node: Node, _ path: String) {
                if !node.isDirectory { paths.append(path) }
                for (name, child) in node.names { walk(child, path + "/" + name) }
            }
            walk(state.root, "")
            return paths.sorted()
        }
    }

    /// The same content on another disk, which meets no faults.
    func withoutFaults() -> SimulatedDisk {
        let disk = afterCrash(.nothing)
        disk.state.withLock { $0.faults = [:] }
        return disk
    }

    /// What is found after a crash: another disk, without locks, whose operations are counted on, and
    /// meet the faults planned for them here.
    public func afterCrash(_ loss: Loss) -> SimulatedDisk {
        state.withLock { state in
            var random = SeededGenerator(seed: 0)
            if case .some(let seed) = loss { random = SeededGenerator(seed: seed) }
            var left = State(root: Self.surviving(state.root, loss, &random))
            left.operations = state.operations
            left.faults = state.faults
            left.capacity = state.capacity
            left.onFault = state.onFault
            return SimulatedDisk(left)
        }
    }

    private static func surviving(
        _ node: Node, _ loss: Loss, _ random: inout SeededGenerator
    ) -> Node {
        let result = Node(isDirectory: node.isDirectory)
        guard node.isDirectory else {
            result.bytes = survivingBytes(node, loss, &random)
            result.durableBytes = result.bytes
            return result
        }
        var names = node.durableNames
        for change in node.pending where isKept(loss, &random) {
            if let removed = change.remove { names[removed] = nil }
            if let added = change.add { names[added] = change.node }
        }
        for (name, child) in names.sorted(by: { $0.key < $1.key }) {
            result.names[name] = surviving(child, loss, &random)
        }
        result.durableNames = result.names
        return result
    }

    private static func isKept(_ loss: Loss, _ random: inout SeededGenerator) -> Bool {
        switch loss {
        case .everything: false
        case .nothing: true
        case .some: Bool.random(using: &random)
        }
    }

    private static func survivingBytes(
        _ node: Node, _ loss: Loss, _ random: inout SeededGenerator
    ) -> [UInt8] {
        switch loss {
        case .everything: return node.durableBytes
        case .nothing: return node.bytes
        case .some:
            if node.bytes == node.durableBytes { return node.bytes }
            // A part arrived, and some of it is zeros where the length came before the content.
            var bytes = Array(
                node.bytes.prefix(
                    Int.random(in: node.durableBytes.count...node.bytes.count, using: &random)))
            let start = Int.random(in: node.durableBytes.count...bytes.count, using: &random)
            if Bool.random(using: &random) { for index in start..<bytes.count { bytes[index] = 0 } }
            return bytes
        }
    }

    static func bytes(of node: Node) -> Int {
        node.bytes.count + node.names.values.reduce(0) { $0 + bytes(of: $1) }
    }
}
