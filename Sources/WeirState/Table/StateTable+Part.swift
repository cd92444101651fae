public import WeirCore

extension StateTable: StatePart {
    // A table's arrangement: the directory is the number of blocks of entries as a varint, and these
    // blocks come first: a varint count and then so many keys and values by turns. What blocks may
    // follow is for this module alone, and a reader of checkpoints passes over them.

    public func layout() throws -> StateLayout { try StateTableCodecs<Key, Value>.find().layout }

    public func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        let codecs = try StateTableCodecs<Key, Value>.find()
        var blocks: [[UInt8]] = []
        for first in stride(from: 0, to: count, by: Self.pageSize) {
            let numbers = first..<min(count, first + Self.pageSize)
            var output = StateWriter()
            output.write(varint: UInt64(numbers.count))
            for number in numbers {
                try withEntry(number) { key, value in
                    try codecs.key.write(key, &output)
                    try codecs.value.write(value, &output)
                }
            }
            blocks.append(output.bytes)
        }
        var directory = StateWriter()
        directory.write(varint: UInt64(blocks.count))
        return WrittenBlocks(directory: directory.bytes, blocks: blocks)
    }

    public func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        let codecs = try StateTableCodecs<Key, Value>.find()
        for state in saved {
            let reader = try StateTableReader(state, codecs: codecs)
            for block in 0..<reader.entryBlockCount {
                try reader.readEntries(of: block) { key, value in
                    let hash = key.stableHash
                    guard ownership.owns(hash: hash) else { return }
                    guard self.value(of: key, hash: hash) == nil else {
                        throw StateFormatError("the key \(key) was saved twice")
                    }
                    update(key, hash: hash, initial: { value }) { _ in }
                }
            }
        }
    }
}

extension SubtaskContext {
    /// Has checkpoints save and restore a table; it is kept alive.
    ///
    /// - Parameter name: Its name within the operator, the same in every version of the job.
    public func keep<Key, Value>(_ name: String, _ table: StateTable<Key, Value>) {
        kept.keep(name, table)
    }
}

/// A snapshot whose blocks were written at the barrier.
private final class WrittenBlocks: StateSnapshot {
    let directory: [UInt8]
    private let written: [[UInt8]]

    init(directory: [UInt8], blocks: [[UInt8]]) {
        self.directory = directory
        written = blocks
    }

    var blocks: [StateBlock] {
        written.indices.map { StateBlock(id: UInt64($0), isChanged: true) }
    }
    func write(_ index: Int, to output: inout StateWriter) { output.write(raw: written[index]) }
    func release() {}
}
