import WeirCore
public import WeirState

/// The operations of a file system.
extension SimulatedDisk {
    private func failure(_ path: String) -> CheckpointStorageError {
        .failed(action: "reach", path: path, reason: "the disk is gone")
    }

    /// Does something, unless a fault is due.
    private func perform(
        _ path: String, _ body: (inout State) -> CheckpointStorageError?
    ) throws(CheckpointStorageError) {
        let (error, met) = state.withLock { state -> (CheckpointStorageError?, (() -> Void)?) in
            if state.hasCrashed { return (failure(path), nil) }
            defer { state.operations += 1 }
            guard let fault = state.faults[state.operations] else { return (body(&state), nil) }
            let onFault = state.onFault
            let met = { onFault(fault) }
            switch fault {
            case .failure: return (failure(path), met)
            case .full: return (.full(action: "write to", path: path), met)
            case .crash:
                state.hasCrashed = true
                return (failure(path), met)
            }
        }
        met?()
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
        var names = path.split(separator: "/")
        let last = names.popLast() ?? ""
        return (names.joined(separator: "/"), String(last))
    }

    public func status(_ path: String) throws(CheckpointStorageError) -> CheckpointFileStatus? {
        let answer: (Bool, CheckpointFileStatus?) = state.withLock { state in
            guard let node = Self.find(path, state.root) else { return (state.hasCrashed, nil) }
            return (
                state.hasCrashed, node.isDirectory ? .directory : .file(size: node.bytes.count)
            )
        }
        if answer.0 { throw failure(path) }
        return answer.1
    }

    public func makeDirectory(_ path: String) throws(CheckpointStorageError) {
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

    public func list(_ path: String) throws(CheckpointStorageError) -> [String] {
        let answer: [String]?? = state.withLock { state in
            if state.hasCrashed { return .some(nil) }
            return Self.find(path, state.root).map { $0.names.keys.sorted() }
        }
        guard let names = answer else { throw .missing(path: path) }
        guard let names else { throw failure(path) }
        return names
    }

    public func synchronizeDirectory(_ path: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            guard let node = Self.find(path, state.root) else {
                return .missing(path: path)
            }
            node.durableNames = node.names
            node.pending = []
            return nil
        }
    }

    public func create(_ path: String) throws(CheckpointStorageError) -> any CheckpointFile {
        try perform(path) { state in
            let (parent, name) = Self.place(path)
            guard let directory = Self.find(parent, state.root) else {
                return .missing(path: parent)
            }
            let node = Node(isDirectory: false)
            Self.change(directory, remove: nil, add: name, node: node)
            return nil
        }
        return SimulatedFile(self, path)
    }

    public func open(_ path: String) throws(CheckpointStorageError) -> any CheckpointFileReader {
        guard case .file = try status(path) else { throw .missing(path: path) }
        return SimulatedFileReader(self, path)
    }

    public func rename(_ path: String, to other: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            let (parent, name) = Self.place(path)
            guard let directory = Self.find(parent, state.root), let node = directory.names[name]
            else { return .missing(path: path) }
            precondition(Self.place(other).parent == parent, "a rename across directories")
            Self.change(directory, remove: name, add: Self.place(other).name, node: node)
            return nil
        }
    }

    public func remove(_ path: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            let (parent, name) = Self.place(path)
            if let directory = Self.find(parent, state.root), let node = directory.names[name] {
                Self.change(directory, remove: name, add: nil, node: node)
            }
            return nil
        }
    }

    public func removeDirectory(_ path: String) throws(CheckpointStorageError) { try remove(path) }

    public func lock(
        _ path: String, owner: [UInt8]
    ) throws(CheckpointStorageError) -> (any CheckpointLock)? {
        let isFree = try usable(path) { $0.locked.insert(path).inserted }
        return isFree ? SimulatedFileLock(self, path) : nil
    }

    /// Does what changes nothing on the disk.
    private func usable<Result>(
        _ path: String, _ body: (inout State) -> Result
    ) throws(CheckpointStorageError) -> Result {
        let result = state.withLock { $0.hasCrashed ? nil : body(&$0) }
        guard let result else { throw failure(path) }
        return result
    }

    func unlock(_ path: String) { state.withLock { _ = $0.locked.remove(path) } }

    func append(_ bytes: [UInt8], _ path: String) throws(CheckpointStorageError) {
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

    func synchronize(_ path: String) throws(CheckpointStorageError) {
        try perform(path) { state in
            guard let node = Self.find(path, state.root) else {
                return .missing(path: path)
            }
            node.durableBytes = node.bytes
            return nil
        }
    }

    func read(
        _ range: Range<Int>, _ path: String
    ) throws(CheckpointStorageError) -> [UInt8] {
        guard case .file = try status(path) else { throw .missing(path: path) }
        return state.withLock { state in
            let bytes = Self.find(path, state.root)?.bytes ?? []
            return Array(bytes[range.clamped(to: 0..<bytes.count)])
        }
    }
}
