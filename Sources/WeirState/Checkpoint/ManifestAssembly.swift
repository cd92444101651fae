import WeirCore

/// Puts a manifest together from what the runtime says and what the segment writers have written.
struct ManifestAssembly {
    let description: CheckpointDescription
    let pieces: [PieceAddress: (PieceManifest, StateLayout)]
    let segments: [SegmentManifest]
    let transactions: [String: [TransactionManifest]]
    let content: SavedContent

    func manifest(epoch: Epoch, kind: CheckpointKind, job: String) -> CheckpointManifest {
        let named = Set(description.operators.map(\.id))
        let saved = Set(pieces.keys.map(\.operatorID)).union(transactions.keys)
        precondition(saved.isSubset(of: named), "state of operators that were not described")
        let partsByOperator = Dictionary(grouping: pieces.keys, by: \.operatorID)
        let operators = description.operators.map { description in
            OperatorManifest(
                id: description.id, kind: description.kind, parallelism: description.parallelism,
                counters: description.counters,
                parts: parts(partsByOperator[description.id] ?? []),
                transactions: (transactions[description.id] ?? []).sorted {
                    ($0.epoch, $0.subtask) < ($1.epoch, $1.subtask)
                })
        }
        return CheckpointManifest(
            format: CheckpointManifest.currentFormat, job: job, epoch: epoch, kind: kind,
            createdAt: description.createdAt, parallelism: description.parallelism,
            keyGroups: description.keyGroups, operators: operators, segments: liveSegments())
    }

    /// The parts of one operator, by name. Subtasks that laid a part out differently (a table that
    /// was restored from an older form, say) are listed under several entries of that name.
    private func parts(_ addresses: [PieceAddress]) -> [PartManifest] {
        var parts: [PartManifest] = []
        for address in addresses.sorted(by: { ($0.part, $0.subtask) < ($1.part, $1.subtask) }) {
            guard let (piece, layout) = pieces[address] else { continue }
            if let last = parts.indices.last, parts[last].name == address.part,
                parts[last].layout == layout
            {
                parts[last].pieces.append(piece)
            } else {
                parts.append(PartManifest(name: address.part, layout: layout, pieces: [piece]))
            }
        }
        return parts
    }

    /// The segments that something refers to, with how much.
    private func liveSegments() -> [SegmentManifest] {
        var live: [Int: Int] = [:]
        func count(_ reference: BlockReference?) {
            guard let reference else { return }
            live[reference.segment, default: 0] += reference.length
        }
        for (address, (piece, _)) in pieces {
            count(piece.directory)
            count(piece.blocks)
            for block in content.blocks[address] ?? [] { count(block.reference) }
        }
        for transaction in transactions.values.joined() { count(transaction.content) }
        return segments.compactMap { segment in
            var segment = segment
            segment.liveBytes = live[segment.number] ?? 0
            return live[segment.number] == nil ? nil : segment
        }.sorted { $0.number < $1.number }
    }
}

/// Chooses the segments whose live blocks the next checkpoint writes anew, so that dead bytes stay
/// bounded, as the cleaner of a log-structured file system does.
///
/// Those less than half live are chosen, the deadest first, and beyond ``manySegments`` the
/// smallest too, until they amount to as much as the last checkpoint wrote. Moving *b* live bytes
/// out of such a segment frees at least 2 *b*, so freeing keeps up with what is written, and a
/// checkpoint costs at most about twice what it would otherwise.
///
/// Source: Rosenblum and Ousterhout, "The Design and Implementation of a Log-Structured File
/// System", ACM TOCS 10(1), 1992.
enum SegmentCleaning {
    /// From here on small segments are joined.
    static let manySegments = 64
    /// What may always be moved. Unit: bytes.
    private static let leastBudget = 4 << 20

    static func segmentsToRewrite(_ base: CheckpointManifest?) -> Set<Int> {
        guard let base else { return [] }
        var budget = max(base.newBytes, leastBudget)
        var chosen: Set<Int> = []
        func choose(_ segment: SegmentManifest) {
            chosen.insert(segment.number)
            budget -= segment.liveBytes
        }
        let dead = base.segments.filter { $0.liveBytes * 2 < $0.bytes }
        for segment in dead.sorted(by: { liveShare($0) < liveShare($1) }) where budget > 0 {
            choose(segment)
        }
        let rest = base.segments.filter { !chosen.contains($0.number) }
        guard rest.count > manySegments else { return chosen }
        let smallest = rest.sorted { $0.liveBytes < $1.liveBytes }
        for segment in smallest.prefix(rest.count - manySegments / 2) where budget > 0 {
            choose(segment)
        }
        return chosen
    }

    private static func liveShare(_ segment: SegmentManifest) -> Double {
        Double(segment.liveBytes) / Double(max(1, segment.bytes))
    }
}
