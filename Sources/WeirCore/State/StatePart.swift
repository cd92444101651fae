/// What becomes of a piece of state when the job is restored, perhaps at another parallelism.
public enum StateDistribution: String, Sendable, Codable {
    /// Entries belong to keys: each subtask reads all that was saved and takes what it owns.
    case keyed
    /// Entries have names of their own, such as those of splits: each subtask is given all that was
    /// saved and takes what it knows.
    case shared
    /// Belongs to a subtask: what the old subtask *n* saved is given to the new subtask
    /// *n* mod parallelism, which must be able to take several.
    case subtask
    /// The same in every subtask: each is given what old subtask 0 saved.
    case replicated
}

/// How a piece of state is laid out in a checkpoint.
public struct StateLayout: Hashable, Sendable, Codable {
    /// The name of the arrangement of directory and blocks: `table`, `slices`, `timers`, `cell`.
    public var arrangement: String
    /// What becomes of it at another parallelism.
    public var distribution: StateDistribution
    /// The form of the keys; `nil` where there are none.
    public var key: StateShape?
    /// The form of the values.
    public var value: StateShape

    /// Describes a layout.
    public init(
        arrangement: String, distribution: StateDistribution, key: StateShape? = nil,
        value: StateShape
    ) {
        self.arrangement = arrangement
        self.distribution = distribution
        self.key = key
        self.value = value
    }
}

/// A piece of an operator's state that checkpoints save and restore: a table, its timers, a number.
///
/// Confined to the operator's worker, but for the snapshots that it makes.
public protocol StatePart: AnyObject {
    /// How it is laid out.
    ///
    /// - Throws: ``StateFormatError`` when a type in it has no codec. Asked before the job's first
    ///   record when it is to be checkpointed, and never otherwise.
    func layout() throws -> StateLayout

    /// Takes a snapshot of the state as it is now, quickly: in time that grows with the number of
    /// pages, not of bytes.
    ///
    /// - Parameters:
    ///   - epoch: The checkpoint that the snapshot is for; greater than any before.
    ///   - base: The last checkpoint that was completed, or the one that the part was restored from;
    ///     blocks that have not changed since its snapshot are said to be so. `nil`: all count as
    ///     changed.
    func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot

    /// Fills the part, which is empty, from what was saved; once, before the first record.
    ///
    /// - Parameters:
    ///   - saved: What ``StateDistribution`` says this subtask is given.
    ///   - ownership: The keys that this subtask owns.
    func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws

    /// Loads a bounded piece of what `restore` has left on disk to be read when it is needed; called
    /// when the chain has nothing else to do.
    ///
    /// - Parameter limit: The most blocks to load.
    /// - Returns: Whether more is left. The default has nothing to load.
    func loadMore(limit: Int) throws -> Bool

    /// The bytes of memory that it takes, as far as they can be told in a time that does not grow
    /// with them. The default is 0.
    var heldBytes: Int { get }
}

extension StatePart {
    public func loadMore(limit: Int) throws -> Bool { false }
    public var heldBytes: Int { 0 }
}

/// A part of state as it was at a barrier; written by another thread while the part goes on changing.
public protocol StateSnapshot: AnyObject, Sendable {
    /// What `restore` needs besides the blocks; small.
    var directory: [UInt8] { get }
    /// The blocks, in the order in which `restore` finds them.
    var blocks: [StateBlock] { get }
    /// Appends the content of a block. Called at most once for each, off the worker, and not after
    /// `release`.
    func write(_ index: Int, to output: inout StateWriter) throws
    /// Gives up the snapshot, written or not; called once, from any thread.
    func release()
}

/// A block of a snapshot: what is written, or referred to, as a whole.
public struct StateBlock: Hashable, Sendable {
    /// Its identity within the part: what is unchanged is found in the base under the same one.
    public var id: UInt64
    /// Whether it may differ from the base's block of that identity.
    public var isChanged: Bool

    /// Describes a block.
    @inlinable public init(id: UInt64, isChanged: Bool) {
        self.id = id
        self.isChanged = isChanged
    }
}

/// A part as one old subtask saved it.
public struct SavedState: Sendable {
    /// The subtask that saved it, and how many there were.
    public let subtask: Int, parallelism: Int
    /// How it is laid out.
    public let layout: StateLayout
    /// What the snapshot gave as its directory.
    public let directory: [UInt8]
    /// The number of blocks.
    public let blockCount: Int
    /// Where its blocks are, so that a part which goes on from them can say which of them have not
    /// changed since; `nil` where that is not known.
    package let origin: Origin?
    private let load: @Sendable (Int) throws -> [UInt8]

    /// A checkpoint, and the identities of some blocks in it.
    package struct Origin: Sendable {
        /// The checkpoint.
        package let epoch: Epoch
        /// The identities that the snapshot gave the blocks, in their order.
        package let ids: [UInt64]

        package init(epoch: Epoch, ids: [UInt64]) {
            self.epoch = epoch
            self.ids = ids
        }
    }

    /// Describes what was saved.
    ///
    /// - Parameter load: Reads a block, checked and unpacked; from any thread, and it may block.
    public init(
        subtask: Int, parallelism: Int, layout: StateLayout, directory: [UInt8], blockCount: Int,
        load: @escaping @Sendable (Int) throws -> [UInt8]
    ) {
        self.init(
            subtask: subtask, parallelism: parallelism, layout: layout, directory: directory,
            blockCount: blockCount, origin: nil, load: load)
    }

    /// Describes what was saved, and where.
    package init(
        subtask: Int, parallelism: Int, layout: StateLayout, directory: [UInt8], blockCount: Int,
        origin: Origin?, load: @escaping @Sendable (Int) throws -> [UInt8]
    ) {
        self.subtask = subtask
        self.parallelism = parallelism
        self.layout = layout
        self.directory = directory
        self.blockCount = blockCount
        self.origin = origin
        self.load = load
    }

    /// The content of a block, by its place in the snapshot's list.
    ///
    /// - Throws: When it is missing or corrupt; the error names the file.
    public func block(_ index: Int) throws -> [UInt8] { try load(index) }
}

/// The keys that a subtask owns.
public struct KeyOwnership: Hashable, Sendable {
    /// The job's key groups.
    public let keyGroups: KeyGroups
    /// The subtask's index.
    public let subtask: Int
    /// The number of subtasks.
    public let parallelism: Int

    /// The keys of one subtask of so many.
    public init(keyGroups: KeyGroups = KeyGroups(), subtask: Int, parallelism: Int) {
        self.keyGroups = keyGroups
        self.subtask = subtask
        self.parallelism = parallelism
    }

    /// Whether the subtask owns the key with this hash.
    @inlinable public func owns(hash: UInt64) -> Bool {
        keyGroups.owner(ofGroup: keyGroups.group(ofHash: hash), parallelism: parallelism) == subtask
    }
}
