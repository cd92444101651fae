public import WeirCore

/// A source of a ``SimulatedEnvironment``: replayable, with faults.
public struct SimulatedSource<Element: Sendable>: Source {
    let world: SimulatedEnvironment
    let name: String
    let process: Int
    /// The records of each split.
    let shares: [[Element]]

    public var summary: String { "simulated records" }
    public var isReplayable: Bool { true }
    public var readMode: ReadMode {
        var random = SeededGenerator(seed: world.seed ^ name.stableHash)
        return !world.isCalm && Bool.random(using: &random) ? .blocking : .inline
    }

    public func splits() -> [SourceSplit] {
        shares.indices.map { SourceSplit(id: "\(name)-\($0)", start: Int64($0)) }
    }

    public func reader(for split: SourceSplit, context: ReaderContext) -> Reader {
        Reader(self, split)
    }

    /// Reads a split.
    public struct Reader: SplitReader {
        private let source: SimulatedSource
        private let records: [Element]
        private var next: Int
        private var random: SeededGenerator

        init(_ source: SimulatedSource, _ split: SourceSplit) {
            self.source = source
            records = source.shares[Int(split.start)]
            next = Int(split.position?.offset ?? 0)
            random = SeededGenerator(
                seed: source.world.seed ^ split.id.stableHash &+ UInt64(next))
        }

        public mutating func read(
            into batch: inout Batch<Element>, limit: Int
        ) throws -> ReadOutcome {
            let world = source.world
            if world.isCalm { return append(limit, to: &batch) }
            switch try world.call(.read, by: source.process) {
            case .some(let fault) where fault.kind == .sourceFails:
                throw SimulatedFailure(reason: "a read of '\(source.name)' fails")
            case .some(let fault):
                return .nothingFor(.milliseconds(Int64(fault.amount)))
            case nil: break
            }
            if Int.random(in: 0..<8, using: &random) == 0 {
                return .nothingFor(.microseconds(Int64.random(in: 1...3_000, using: &random)))
            }
            return append(Int.random(in: 1...max(1, limit), using: &random), to: &batch)
        }

        private mutating func append(_ limit: Int, to batch: inout Batch<Element>) -> ReadOutcome {
            let end = min(records.count, next + limit)
            for index in next..<end { batch.append(records[index], at: .earliest) }
            next = end
            return end == records.count ? .end : .more
        }

        public var position: SplitPosition? {
            SplitPosition(offset: Int64(next), records: Int64(next))
        }
    }
}
