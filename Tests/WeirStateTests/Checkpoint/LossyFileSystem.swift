import WeirCore
import WeirTesting

@testable import WeirState

/// Files in memory that fail, fill up and crash as told, and of which a crash loses what was not
/// synchronized.
///
/// Changes of a directory's names are kept as a list until the directory is synchronized; a crash
/// applies any of them, in order. What was written to a file and not synchronized is there, torn or
/// gone.
final class LossyFileSystem: CheckpointFileSystem {
    /// What a crash does with changes that were not synchronized.
    enum Loss: Sendable {
        case everything, nothing
        case some(seed: UInt64)
    }

    /// What one operation meets.
    enum Fault: Sendable {
        /// It fails, having done nothing (or half of an append).
        case failure
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
        var hasCrashed = false
        var capacity = Int.max
        var locked: Set<String> = []
    }

    private let state: Locked<State>

    init() { state = Locked(State()) }

    private init(root: Node) { state = Locked(State(root: root)) }

    /// How many operations have changed something, or tried to.
    var operations: Int { state.withLock { $0.operations } }
    /// The bytes that fit on the disk.
    var capacity: Int {
        get { state.withLock { $0.capacity } }
        set { state.withLock { $0.capacity = newValue } }
    }
    /// The bytes on the disk.
    var used: Int { state.withLock { Self.bytes(of: $0.root) } }

    /// Sets what the operation with that number meets.
    func plan(_ fault: Fault, at operation: Int) { state.withLock { $0.faults[operation] = fault } }

    /// The paths of all files.
    var files: [String] {
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

    /// What is found after a crash.
    func afterCrash(_ loss: Loss) -> LossyFileSystem {
        state.withLock { state in
            var random = SeededGenerator(seed: 0)
            if case .some(let seed) = loss { random = SeededGenerator(seed: seed) }
            return LossyFileSystem(root: Self.surviving(state.root, loss, &random))
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

    private static func bytes(of node: Node) -> Int {
        node.bytes.count + node.names.values.reduce(0) { $0 + bytes(of: $1) }
    }
}

// MARK: - Operations

extension LossyFileSystem {
    private func failure(_ path: String) -> CheckpointStorageError {
        .failed(action: "reach", path: path, reason: "the disk is gone")
    }

    /// Does something, unless a fault is due.
    private func perform(
        _ path: String, _ body: (inout State) -> CheckpointStorageError?
    ) throws(CheckpointStorageError) {
        let error: CheckpointStorageError? = state.withLock { state in
            if state.hasCrashed { return failure(path) }
            defer { state.operations += 1 }
            switch state.faults[state.operations] {
            case .failure: return failure(path)
            case .full: return .full(action: "write to", path: path)
            case .crash:
                state.hasCrashed = true
                return failure(path)
            case nil: return body(&state)
            }
        }
        if let error { throw error }
    }

    private static func find(_ path: String, _ root: Node) -> Node? {
        var node = root
        for name in path.split(separator: "/") {
            guard let next = node.names[String(name)] else { return nil }
            node = next
        }
        return node
    }

    private static func change(
        _ directory: Node, remove: String?, add: String?, node: Node
    ) {
        if let remove { directory.names[remove] = nil }
        if let add { directory.names[add] = node }
        directory.pending.append((remove, add, node))
    }

    private static func place(_ path: String) -> (parent: String, name: String) {
        (CheckpointPath.parent(of: path), String(CheckpointPath.lastName(of: path)))
    }

    func status(_ path: String) throws(CheckpointStorageError) -> CheckpointFileStatus? {
        let answer: (Bool, CheckpointFileStatus?) = state.withLock { state in
            guard let node = Self.find(path, state.root) else { return (state.hasCrashed, nil) }
            return (
                state.hasCrashed, node.isDirectory ? .directory : .file(size: node.bytes.count)
            )
        }
        if answer.0 { throw failure(path) }
        return answer.1
    }

    func makeDirectory(_ path: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            let (parent, name) = Self.place(path)
            guard let directory = Self.find(parent, state.root) else {
                return .missing(path: parent)
            }
            if directory.names[name] == nil {
                Self.change(directory, remove: nil, add: name, node: Node(isDirectory: true))
            }
            return nil
        }
    }

    func list(_ path: String) throws(CheckpointStorageError) -> [String] {
        let answer: [String]?? = state.withLock { state in
            if state.hasCrashed { return .some(nil) }
            return Self.find(path, state.root).map { Array($0.names.keys) }
        }
        guard let names = answer else { throw .missing(path: path) }
        guard let names else { throw failure(path) }
        return names
    }

    func synchronizeDirectory(_ path: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            guard let node = Self.find(path, state.root) else {
                return .missing(path: path)
            }
            node.durableNames = node.names
            node.pending = []
            return nil
        }
    }

    func create(_ path: String) throws(CheckpointStorageError) -> any CheckpointFile {
        try perform(path) { state in
            let (parent, name) = Self.place(path)
            guard let directory = Self.find(parent, state.root) else {
                return .missing(path: parent)
            }
            let node = Node(isDirectory: false)
            Self.change(directory, remove: nil, add: name, node: node)
            return nil
        }
        return LossyFile(self, path)
    }

    func open(_ path: String) throws(CheckpointStorageError) -> any CheckpointFileReader {
        guard case .file = try status(path) else { throw .missing(path: path) }
        return LossyReader(self, path)
    }

    func rename(_ path: String, to other: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            let (parent, name) = Self.place(path)
            guard let directory = Self.find(parent, state.root), let node = directory.names[name]
            else { return .missing(path: path) }
            precondition(CheckpointPath.parent(of: other) == parent, "a rename across directories")
            Self.change(directory, remove: name, add: Self.place(other).name, node: node)
            return nil
        }
    }

    func remove(_ path: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            let (parent, name) = Self.place(path)
            if let directory = Self.find(parent, state.root), let node = directory.names[name] {
                Self.change(directory, remove: name, add: nil, node: node)
            }
            return nil
        }
    }

    func removeDirectory(_ path: String) throws(CheckpointStorageError) { try remove(path) }

    func lock(
        _ path: String, owner: [UInt8]
    ) throws(CheckpointStorageError) -> (any CheckpointLock)? {
        let isFree = state.withLock { $0.locked.insert(path).inserted }
        return isFree ? LossyLock(self, path) : nil
    }

    fileprivate func unlock(_ path: String) { state.withLock { _ = $0.locked.remove(path) } }

    fileprivate func append(_ bytes: [UInt8], _ path: String) throws(CheckpointStorageError) {
        let isFaulty = state.withLock { $0.faults[$0.operations] != nil }
        if isFaulty {
            // Half of it arrives all the same.
            state.withLock { state in
                guard !state.hasCrashed else { return }
                Self.find(path, state.root)?.bytes += bytes.prefix(bytes.count / 2)
            }
        }
        try perform(path) { state in
            guard let node = Self.find(path, state.root) else {
                return .missing(path: path)
            }
            let room = state.capacity - Self.bytes(of: state.root)
            node.bytes += bytes.prefix(max(0, room))
            return room < bytes.count ? .full(action: "write to", path: path) : nil
        }
    }

    fileprivate func synchronize(_ path: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            guard let node = Self.find(path, state.root) else {
                return .missing(path: path)
            }
            node.durableBytes = node.bytes
            return nil
        }
    }

    fileprivate func read(
        _ range: Range<Int>, _ path: String
    ) throws(CheckpointStorageError) -> [UInt8] {
        guard case .file = try status(path) else { throw .missing(path: path) }
        return state.withLock { state in
            let bytes = Self.find(path, state.root)?.bytes ?? []
            return Array(bytes[range.clamped(to: 0..<bytes.count)])
        }
    }
}

private final class LossyFile: CheckpointFile {
    private let files: LossyFileSystem, path: String

    init(_ files: LossyFileSystem, _ path: String) {
        self.files = files
        self.path = path
    }

    func append(_ bytes: [UInt8]) throws(CheckpointStorageError) { try files.append(bytes, path) }
    func synchronize() throws(CheckpointStorageError) { try files.synchronize(path) }
    func close() throws(CheckpointStorageError) {}
}

private final class LossyReader: CheckpointFileReader {
    private let files: LossyFileSystem, path: String

    init(_ files: LossyFileSystem, _ path: String) {
        self.files = files
        self.path = path
    }

    func read(_ range: Range<Int>) throws(CheckpointStorageError) -> [UInt8] {
        try files.read(range, path)
    }
}

private final class LossyLock: CheckpointLock {
    private let files: LossyFileSystem, path: String

    init(_ files: LossyFileSystem, _ path: String) {
        self.files = files
        self.path = path
    }

    deinit { release() }

    func release() { files.unlock(path) }
}
