import Foundation
import WeirCore
import WeirTesting

@testable import WeirState

/// A directory of its own for a test, removed with it.
final class TemporaryPlace {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/weir-\(UUID().uuidString)"
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// State of two operators, as blocks of random content that change from epoch to epoch.
struct StateModel {
    /// What a checkpoint must give back: every block, directory and transaction.
    struct Content: Equatable {
        var pieces: [String: [[UInt8]]] = [:]
        var transactions: [PreparedTransaction] = []
    }

    private(set) var epoch = Epoch.none
    private var hasBegun = false
    private var random: SeededGenerator
    private var pieces: [PieceAddress: Piece] = [:]

    private struct Piece {
        var directory: [UInt8]
        var blocks: [(id: UInt64, bytes: [UInt8])]
        var changed: Set<UInt64>
    }

    init(seed: UInt64, blocks: Int) {
        random = SeededGenerator(seed: seed)
        for subtask in 0..<2 {
            add(blocks, PieceAddress(operatorID: "totals", part: "table", subtask: subtask))
        }
        add(1, PieceAddress(operatorID: "totals", part: "watermark", subtask: 0))
        add(3, PieceAddress(operatorID: "source", part: "splits", subtask: 0))
    }

    private mutating func add(_ count: Int, _ address: PieceAddress) {
        let blocks = (0..<count).map { (id: UInt64($0 * 3), bytes: newBlock()) }
        pieces[address] = Piece(
            directory: bytes(9), blocks: blocks, changed: Set(blocks.map { $0.id }))
    }

    /// What the checkpoint of the current epoch holds.
    var content: Content {
        var content = Content(transactions: [transaction])
        for (address, piece) in pieces {
            content.pieces["\(address)"] = [piece.directory] + piece.blocks.map { $0.bytes }
        }
        return content
    }

    private var transaction: PreparedTransaction {
        PreparedTransaction(epoch: epoch, subtask: 0, content: Array("file-\(epoch)".utf8))
    }

    /// Changes some blocks, adds some and removes some.
    mutating func change(share: Double) {
        for address in pieces.keys.sorted(by: { "\($0)" < "\($1)" }) {
            guard var piece = pieces[address] else { continue }
            for index in piece.blocks.indices where chance(share) {
                piece.blocks[index].bytes = newBlock()
                piece.changed.insert(piece.blocks[index].id)
            }
            if chance(share) {
                piece.blocks.remove(at: Int.random(in: piece.blocks.indices, using: &random))
            }
            if chance(share) || piece.blocks.isEmpty {
                let id = (piece.blocks.map { $0.id }.max() ?? 0) + 2
                piece.blocks.append((id, newBlock()))
                piece.changed.insert(id)
            }
            pieces[address] = piece
        }
    }

    /// Goes on to the next epoch, which `save` then writes.
    mutating func beginEpoch() {
        epoch = epoch.next
        hasBegun = true
    }

    /// Makes the next checkpoint write everything.
    mutating func markAllChanged() {
        for (address, piece) in pieces {
            pieces[address]?.changed = Set(piece.blocks.map { $0.id })
        }
    }

    /// Writes a checkpoint of the next epoch.
    mutating func save(
        in directory: CheckpointDirectory, base: SavedCheckpoint?,
        kind: CheckpointKind = .checkpoint
    ) throws -> SavedCheckpoint {
        if !hasBegun { beginEpoch() }
        hasBegun = false
        let writer = try directory.begin(epoch, kind: kind, base: base)
        do {
            // Each subtask has a segment of its own.
            let segments = [writer.segmentWriter(), writer.segmentWriter()]
            for address in pieces.keys.sorted(by: { "\($0)" < "\($1)" }) {
                guard let piece = pieces[address] else { continue }
                let snapshot = ModelSnapshot(
                    directory: piece.directory, contents: piece.blocks.map { $0.bytes },
                    blocks: piece.blocks.map {
                        StateBlock(id: $0.id, isChanged: piece.changed.contains($0.id))
                    }, hasBase: base != nil)
                try segments[address.subtask].save(
                    snapshot, as: address.part, layout: Self.layout, operator: address.operatorID,
                    subtask: address.subtask)
            }
            try segments[0].save(transaction, operator: "sink")
        } catch {
            writer.abandon()
            throw error
        }
        let completed = try writer.complete(Self.description)
        for address in pieces.keys { pieces[address]?.changed = [] }
        return completed.checkpoint
    }

    /// What a checkpoint gives back.
    static func content(of checkpoint: SavedCheckpoint) throws -> Content {
        var content = Content(transactions: checkpoint.transactions(ofOperator: "sink"))
        for described in checkpoint.manifest.operators {
            for part in described.parts {
                for saved in checkpoint.state(ofOperator: described.id, part: part.name) {
                    let address = PieceAddress(
                        operatorID: described.id, part: part.name, subtask: saved.subtask)
                    content.pieces["\(address)"] =
                        [saved.directory] + (try (0..<saved.blockCount).map(saved.block))
                }
            }
        }
        return content
    }

    private static let layout = StateLayout(
        arrangement: "table", distribution: .keyed, key: .string, value: .signed(bits: 64))

    private static let description = CheckpointDescription(
        createdAt: Timestamp(microseconds: 1_700_000_000_123_456), parallelism: 2, keyGroups: 128,
        operators: [
            .init(id: "source", kind: "source", parallelism: 1, counters: [["emitted": 5]]),
            .init(id: "totals", kind: "window", parallelism: 2),
            .init(id: "sink", kind: "sink", parallelism: 1),
        ])

    /// The content of a block: some compressible, some not, some empty.
    private mutating func newBlock() -> [UInt8] {
        let count = Int.random(in: 0..<300, using: &random)
        guard chance(0.5) else { return bytes(count) }
        return Array(repeating: bytes(5), count: count / 5 + 1).flatMap { $0 }
    }

    private mutating func chance(_ share: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < share
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}

/// A snapshot whose blocks are in memory. It keeps only what has changed, as a table's does: what has
/// not may be changing already.
final class ModelSnapshot: StateSnapshot {
    /// An unchanged block was asked for.
    struct NotKept: Error {}

    let directory: [UInt8]
    let contents: [[UInt8]]
    let blocks: [StateBlock]
    private let hasBase: Bool

    init(
        directory: [UInt8], contents: [[UInt8]], blocks: [StateBlock], hasBase: Bool = false
    ) {
        self.hasBase = hasBase
        self.directory = directory
        self.contents = contents
        self.blocks = blocks
    }

    func write(_ index: Int, to output: inout StateWriter) throws {
        if hasBase, !blocks[index].isChanged { throw NotKept() }
        output.write(raw: contents[index])
    }
    func release() {}
}
