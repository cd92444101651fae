import Testing
import WeirCore
import WeirState
import WeirTesting

/// A table, a dictionary that is to hold the same, and snapshots that are written bit by bit while
/// both change.
struct StateTableModel {
    typealias Table = StateTable<String, [Int]>

    /// A snapshot that is being written, and what it must turn out to hold.
    private struct Pending {
        var snapshot: any StateSnapshot
        var expected: [String: [Int]]
        var epoch: Epoch
        var base: Epoch?
        var contents: [UInt64: [UInt8]] = [:]
        var nextBlock = 0
    }

    private(set) var table: Table
    private(set) var model: [String: [Int]] = [:]
    private var random: SeededGenerator
    private let makeTable: () throws -> Table
    private let keyCount: Int
    private let ownership = KeyOwnership(subtask: 0, parallelism: 1)
    private var pending: [Pending] = []
    private var saved: [Epoch: SavedParts.Saved] = [:]
    private var lastSaved: Epoch?
    private var epoch = Epoch.none
    /// How often things happened, so that a test can say that they did.
    private(set) var completed = 0, failed = 0, unchangedBlocks = 0, lazilyRestored = 0
    /// The blocks said to be unchanged since the checkpoint that the table was restored from.
    private(set) var unchangedSinceRestored = 0
    private var restoredFrom: Epoch?

    init(seed: UInt64, keyCount: Int, makeTable: @escaping () throws -> Table) throws {
        random = SeededGenerator(seed: seed)
        self.keyCount = keyCount
        self.makeTable = makeTable
        table = try makeTable()
    }

    /// Adds so many keys, some more than once.
    mutating func fill(_ count: Int) throws { for _ in 0..<count { try change(inserting: true) } }

    /// Takes so many random steps, and then writes and compares what is open.
    mutating func run(steps: Int) throws {
        for step in 0..<steps {
            // By turns the table grows, is changed here and there, and shrinks.
            let phase = step * 6 / steps % 3
            if step == steps / 6 { try restore(isLazy: true) }
            switch Int.random(in: 0..<1_000, using: &random) {
            case 0..<4: try takeSnapshot()
            case 4..<120: try writeBlock()
            case 120..<122: dropSnapshot()
            case 122..<124: try restore(isLazy: Bool.random(using: &random))
            case 124 where step > steps / 6 && step % 3 == 0: removeAll()
            case 125: try compareAll()
            case 126..<300: try look()
            case 300..<(phase == 2 ? 900 : 360): try remove()
            case 900..<960: try changeEntry()
            default: try change(inserting: phase == 0)
            }
        }
        while !pending.isEmpty { try writeBlock() }
        try compareAll()
    }

    private mutating func someKey() -> String {
        let number = Int.random(in: 0..<keyCount, using: &random)
        return number % 2 == 0 ? "k\(number)" : "a key that lies on the heap, number \(number)"
    }

    private mutating func change(inserting: Bool) throws {
        let key = someKey()
        let amount = Int.random(in: 0..<1_000, using: &random)
        if inserting {
            try table.update(key, hash: key.stableHash, initial: { [] }) {
                if $0.count > 3 { $0.removeAll() }
                $0.append(amount)
            }
            if model[key, default: []].count > 3 { model[key] = [] }
            model[key, default: []].append(amount)
        } else if model.count.isMultiple(of: 2) {
            var seen: [Int]?
            try table.updateOrRemove(key, hash: key.stableHash) { value in
                seen = value
                value.append(amount)
                return true
            }
            #expect(seen == model[key])
            model[key]?.append(amount)
        } else {
            let count = try table.updateIfPresent(key, hash: key.stableHash) { value in
                value.append(amount)
                return value.count
            }
            #expect(count == model[key].map { $0.count + 1 })
            model[key]?.append(amount)
        }
    }

    private mutating func changeEntry() throws {
        guard !table.isEmpty else { return }
        let number = Int.random(in: 0..<table.count, using: &random)
        let key = try table.withEntry(number) { key, value in
            value.append(-1)
            return key
        }
        model[key]?.append(-1)
        #expect(try table.entryNumber(of: key, hash: key.stableHash) == number)
    }

    private mutating func remove() throws {
        let key = someKey()
        guard model.count.isMultiple(of: 2) else {
            #expect(try table.remove(key, hash: key.stableHash) == model.removeValue(forKey: key))
            return
        }
        var seen: [Int]?
        try table.updateOrRemove(key, hash: key.stableHash) { value in
            seen = value
            return false
        }
        #expect(seen == model.removeValue(forKey: key))
    }

    private mutating func removeAll() {
        table.removeAll()
        model = [:]
    }

    private mutating func look() throws {
        let key = someKey()
        #expect(try table.value(of: key, hash: key.stableHash) == model[key])
        #expect(table.count == model.count)
    }

    private func compareAll() throws { #expect(try Self.contents(of: table) == model) }

    static func contents(of table: Table) throws -> [String: [Int]] {
        var contents: [String: [Int]] = [:]
        for number in 0..<table.count {
            try table.readEntry(number) { key, value in contents[key] = copy value }
        }
        return contents
    }

    private mutating func takeSnapshot() throws {
        guard pending.count < 2 else { return }
        epoch = Epoch(epoch.number + Int.random(in: 1...2, using: &random))
        let base = Bool.random(using: &random) ? lastSaved : nil
        pending.append(
            Pending(
                snapshot: try table.snapshot(epoch, since: base), expected: model, epoch: epoch,
                base: base))
    }

    /// Writes one block of an open snapshot; after the last, reads the whole back and compares.
    private mutating func writeBlock() throws {
        guard !pending.isEmpty else { return }
        let place = Int.random(in: 0..<pending.count, using: &random)
        let blocks = pending[place].snapshot.blocks
        guard pending[place].nextBlock < blocks.count else { return try complete(place) }
        let index = pending[place].nextBlock
        pending[place].nextBlock += 1
        let block = blocks[index]
        if let base = pending[place].base, !block.isChanged {
            pending[place].contents[block.id] = saved[base]?.contents[block.id]
            unchangedBlocks += 1
            if base == restoredFrom { unchangedSinceRestored += 1 }
        } else {
            var output = StateWriter()
            try pending[place].snapshot.write(index, to: &output)
            pending[place].contents[block.id] = output.bytes
        }
    }

    private mutating func complete(_ place: Int) throws {
        let done = pending.remove(at: place)
        let part = SavedParts.Saved(
            layout: try table.layout(), directory: done.snapshot.directory,
            ids: done.snapshot.blocks.map(\.id), contents: done.contents, subtask: 0,
            parallelism: 1, epoch: done.epoch)
        done.snapshot.release()
        let copy = Table()
        // As another subtask saved it, so that all of it is read here and now.
        var eager = part
        eager.subtask = 1
        try copy.restore([eager.state], owning: ownership)
        #expect(try Self.contents(of: copy) == done.expected)
        saved[done.epoch] = part
        if lastSaved.map({ $0 < done.epoch }) ?? true { lastSaved = done.epoch }
        completed += 1
    }

    private mutating func dropSnapshot() {
        guard !pending.isEmpty else { return }
        pending.removeFirst().snapshot.release()
        failed += 1
    }

    /// Goes on with a table made of a snapshot of now, as a job does after a failure. The snapshot is
    /// written after its table has gone.
    ///
    /// - Parameter isLazy: If not, it is restored as another subtask's, so that nothing is left for
    ///   later.
    private mutating func restore(isLazy: Bool) throws {
        while !pending.isEmpty { try writeBlock() }
        try takeSnapshot()
        table = try makeTable()
        while !pending.isEmpty { try writeBlock() }
        guard var last = saved[epoch] else { return }
        restoredFrom = isLazy ? epoch : nil
        if !isLazy { last.subtask = 1 }
        try table.restore([last.state], owning: ownership)
        if table.absentPageCount > 0 { lazilyRestored += 1 }
        if Bool.random(using: &random) { _ = try table.loadMore(limit: 10) }
    }
}
