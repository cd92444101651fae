import Weir

extension Bid {
    /// Whether the price is low (0), middling (1) or high (2).
    var rank: Int { price < 10_000 ? 0 : price < 1_000_000 ? 1 : 2 }
}

/// A number over all bids, and over those of each rank alone.
struct RankedNumbers: Equatable {
    var all: Int, ranks: InlineArray<3, Int>

    static func == (left: RankedNumbers, right: RankedNumbers) -> Bool {
        left.all == right.all && left.ranks.indices.allSatisfy { left.ranks[$0] == right.ranks[$0] }
    }
}

extension RankedNumbers: StateComposite {
    static func stateCodec() throws -> StateCodec<RankedNumbers> {
        try .record(
            "RankedNumbers", StateField("all") { $0.all }, StateField("low") { $0.ranks[0] },
            StateField("middle") { $0.ranks[1] }, StateField("high") { $0.ranks[2] }
        ) { RankedNumbers(all: $0, ranks: [$1, $2, $3]) }
    }
}

extension RowWriter {
    mutating func put(_ numbers: RankedNumbers) {
        put(numbers.all)
        for rank in numbers.ranks.indices { put(numbers.ranks[rank]) }
    }
}

/// An aggregate over all bids, and over those of each rank alone.
struct ByRank<Base: Aggregate>: Aggregate where Base.Input == Bid, Base.Result == Int {
    private let base: Base

    init(_ base: Base) { self.base = base }

    struct Accumulator: Sendable {
        var all: Base.Accumulator
        var ranks: InlineArray<3, Base.Accumulator>
    }

    func makeAccumulator() -> Accumulator {
        Accumulator(
            all: base.makeAccumulator(), ranks: InlineArray { _ in base.makeAccumulator() })
    }

    func add(_ bid: Bid, to accumulator: inout Accumulator) throws {
        try base.add(bid, to: &accumulator.all)
        try base.add(bid, to: &accumulator.ranks[bid.rank])
    }

    func merge(_ other: Accumulator, into accumulator: inout Accumulator) throws {
        try base.merge(other.all, into: &accumulator.all)
        for rank in other.ranks.indices {
            try base.merge(other.ranks[rank], into: &accumulator.ranks[rank])
        }
    }

    func result(of accumulator: Accumulator) throws -> RankedNumbers {
        var ranks = InlineArray<3, Int>(repeating: 0)
        for rank in ranks.indices { ranks[rank] = try base.result(of: accumulator.ranks[rank]) }
        return RankedNumbers(all: try base.result(of: accumulator.all), ranks: ranks)
    }
}

extension ByRank.Accumulator: StateComposite {
    static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "ByRank", StateField("all") { $0.all }, StateField("low") { $0.ranks[0] },
            StateField("middle") { $0.ranks[1] }, StateField("high") { $0.ranks[2] }
        ) { Self(all: $0, ranks: [$1, $2, $3]) }
    }
}
