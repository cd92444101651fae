import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// A tree of joins over sources: what the engine makes a job of, and the model computes with arrays.
private indirect enum JoinTree: CustomStringConvertible {
    case source(Int)
    case interval(JoinTree, JoinTree, Kind, lower: Int64, upper: Int64, keys: Int)
    case unbounded(JoinTree, JoinTree, keys: Int)
    /// With a source, in which no two records have one time: which of those came last is not defined.
    case asOf(JoinTree, source: Int, maximumAge: Int64?, isLeft: Bool, keys: Int)

    enum Kind: CaseIterable { case inner, left, right, full, semi, anti }

    static func random(
        depth: Int, sources: Int, using random: inout SeededGenerator
    ) -> JoinTree {
        let source = Int.random(in: 0..<sources, using: &random)
        guard depth > 0 else { return .source(source) }
        let left = JoinTree.random(depth: depth - 1, sources: sources, using: &random)
        let keys = Int.random(in: 5...9, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1:
            let age = Bool.random(using: &random) ? Int64.random(in: 0...20, using: &random) : nil
            return .asOf(
                left, source: source, maximumAge: age, isLeft: .random(using: &random), keys: keys)
        case 2: return .unbounded(left, .source(source), keys: keys)
        default:
            // One side is shallow, or three joins would multiply rows beyond what a test can hold.
            let right = JoinTree.random(
                depth: Int.random(in: 0..<depth, using: &random) / 2, sources: sources,
                using: &random)
            let lower = Int64.random(in: -15...8, using: &random)
            let kind = Kind.allCases[Int.random(in: 0..<6, using: &random)]
            return .interval(
                left, right, kind, lower: lower,
                upper: lower + Int64.random(in: 0...12, using: &random), keys: keys)
        }
    }

    var description: String {
        switch self {
        case .source(let index): "source \(index)"
        case .interval(let left, let right, let kind, let lower, let upper, let keys):
            "(\(left) \(kind) \(lower)...\(upper) \(right), \(keys) keys)"
        case .unbounded(let left, let right, let keys): "(\(left) all \(right), \(keys) keys)"
        case .asOf(let left, let source, let age, let isLeft, let keys):
            "(\(left) as of \(source), age \(age ?? -1), left \(isLeft), \(keys) keys)"
        }
    }
}

/// What a joined row looks like; its time is the join's to say.
private func merged(_ left: Event?, _ right: Event?) -> Event { .joined(left, right, last: 0) }

/// Computes a tree with plain arrays: every record tried against every other.
private struct JoinTreeModel {
    let sources: [[Event]]

    func rows(of tree: JoinTree) -> [TimedRow<Event>] {
        switch tree {
        case .source(let index): return sources[index].map { TimedRow(row: $0, at: $0.at) }
        case .unbounded(let left, let right, let keys):
            let rights = rows(of: right)
            return rows(of: left).flatMap { left in
                rights.filter { hasOneKey($0, left, keys) }.map { pair(left, $0) }
            }
        case .asOf(let left, let source, let maximumAge, let isLeft, let keys):
            let versions = rows(of: .source(source))
            return rows(of: left).compactMap { left in
                let found = versions.filter { version in
                    let age = left.at.microseconds - version.at.microseconds
                    return hasOneKey(version, left, keys) && age >= 0
                }.max { $0.at < $1.at }.flatMap { version in
                    left.at.microseconds - version.at.microseconds <= maximumAge ?? .max
                        ? version : nil
                }
                guard found != nil || isLeft else { return nil }
                return TimedRow(row: merged(left.row, found?.row), at: left.at)
            }
        case .interval(let left, let right, let kind, let lower, let upper, let keys):
            return interval(rows(of: left), rows(of: right), kind, lower, upper, keys)
        }
    }

    private func interval(
        _ lefts: [TimedRow<Event>], _ rights: [TimedRow<Event>], _ kind: JoinTree.Kind,
        _ lower: Int64, _ upper: Int64, _ keys: Int
    ) -> [TimedRow<Event>] {
        func isPair(_ left: TimedRow<Event>, _ right: TimedRow<Event>) -> Bool {
            let apart = right.at.microseconds - left.at.microseconds
            return hasOneKey(left, right, keys) && apart >= lower && apart <= upper
        }
        var found: [TimedRow<Event>] = []
        for left in lefts {
            let partners = rights.filter { isPair(left, $0) }
            let time = left.at.advanced(byMicroseconds: max(0, upper))
            switch kind {
            case .semi: if !partners.isEmpty { found.append(TimedRow(row: left.row, at: time)) }
            case .anti: if partners.isEmpty { found.append(TimedRow(row: left.row, at: time)) }
            case .inner, .left, .right, .full:
                found += partners.map { pair(left, $0) }
                guard partners.isEmpty, kind == .left || kind == .full else { continue }
                found.append(TimedRow(row: merged(left.row, nil), at: time))
            }
        }
        guard kind == .right || kind == .full else { return found }
        for right in rights where !lefts.contains(where: { isPair($0, right) }) {
            let time = right.at.advanced(byMicroseconds: max(0, -lower))
            found.append(TimedRow(row: merged(nil, right.row), at: time))
        }
        return found
    }

    private func hasOneKey(
        _ left: TimedRow<Event>, _ right: TimedRow<Event>, _ keys: Int
    ) -> Bool {
        abs(left.row.key) % keys == abs(right.row.key) % keys
    }

    private func pair(_ left: TimedRow<Event>, _ right: TimedRow<Event>) -> TimedRow<Event> {
        TimedRow(row: merged(left.row, right.row), at: max(left.at, right.at))
    }
}

/// Makes a tree's operators in a job.
private struct JoinTreeBuilder {
    let streams: [DataStream<Event>]
    var joins = 0

    mutating func build(_ tree: JoinTree) -> DataStream<Event> {
        joins += 1
        let name = "join-\(joins)"
        switch tree {
        case .source(let index): return streams[index]
        case .unbounded(let left, let right, let keys):
            return keyed(left, keys).joined(
                with: keyed(right, keys), keeping: .forever, as: name
            ) { merged($0, $1) }
        case .asOf(let left, let source, let age, let isLeft, let keys):
            let lefts = keyed(left, keys)
            let versions = keyed(.source(source), keys)
            let retention = age.map { StateRetention.for(.microseconds($0)) } ?? .forever
            return isLeft
                ? lefts.leftJoined(asOf: versions, keeping: retention, late: .drop, as: name) {
                    merged($0, $1)
                }
                : lefts.joined(asOf: versions, keeping: retention, late: .drop, as: name) {
                    merged($0, $1)
                }
        case .interval(let left, let right, let kind, let lower, let upper, let keys):
            return interval(
                keyed(left, keys), keyed(right, keys), kind,
                .microseconds(lower) ... .microseconds(upper), name)
        }
    }

    private mutating func keyed(_ tree: JoinTree, _ keys: Int) -> KeyedStream<Event, Int> {
        build(tree).keyed { abs($0.key) % keys }
    }

    private func interval(
        _ left: KeyedStream<Event, Int>, _ right: KeyedStream<Event, Int>, _ kind: JoinTree.Kind,
        _ interval: JoinInterval, _ name: String
    ) -> DataStream<Event> {
        switch kind {
        case .inner:
            left.joined(with: right, within: interval, late: .drop, as: name) { merged($0, $1) }
        case .left:
            left.leftJoined(with: right, within: interval, late: .drop, as: name) {
                merged($0, $1)
            }
        case .right:
            left.rightJoined(with: right, within: interval, late: .drop, as: name) {
                merged($0, $1)
            }
        case .full:
            left.fullJoined(with: right, within: interval, late: .drop, as: name) {
                merged($0, $1)
            }
        case .semi: left.semiJoined(with: right, within: interval, late: .drop, as: name)
        case .anti: left.antiJoined(with: right, within: interval, late: .drop, as: name)
        }
    }
}

@Suite struct `Joins of joins` {
    private static let disorder: Int64 = 12

    /// Splits of a source: out of order by less than the watermarks' bound, no time twice.
    private func source(using random: inout SeededGenerator) -> [[Event]] {
        var used: Set<Int64> = []
        return (0..<Int.random(in: 1...3, using: &random)).map { _ in
            var now = Int64.random(in: -40...10, using: &random)
            return (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in
                now += Int64.random(in: 0...9, using: &random)
                let time = now - Int64.random(in: 0..<Self.disorder, using: &random)
                guard used.insert(time).inserted else { return nil }
                return Event(
                    .random(in: 0...9, using: &random), .random(in: 0...99, using: &random),
                    at: time)
            }
        }
    }

    /// A row behind the watermark of the join that put it out would be late in the next.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func `put out what a naive model does, at any parallelism, and nothing late`(
        part: UInt64
    ) throws {
        var total = 0
        let cases = max(40, joinCaseCount / 5)
        for seed in stride(from: part, to: cases, by: 4) {
            var random = SeededGenerator(seed: seed)
            let sources = (0..<3).map { _ in source(using: &random) }
            let tree = JoinTree.random(depth: Int(seed % 3) + 1, sources: 3, using: &random)
            let sink = TestSink<Event>()
            let parallelism = [1, 2, 7][Int(seed / 4 % 3)]
            let plan = try plan(parallelism: parallelism) { job in
                let streams = sources.enumerated().map { index, splits in
                    job.source(TestSource(splits: splits), as: "source-\(index)")
                        .watermarked(
                            .boundedOutOfOrderness(.microseconds(Self.disorder)),
                            as: "marks-\(index)"
                        ) { $0.at }
                }
                var builder = JoinTreeBuilder(streams: streams)
                builder.build(tree).sink(to: sink, as: "sink")
                for (index, stream) in streams.enumerated() {
                    stream.sink(to: TestSink<Event>(), as: "unused-\(index)")
                }
            }
            let options = tightOptions(batchSize: 1 + Int(seed % 9))
            let summary = try run(plan, seed: seed, options: options)
            #expect(summary.ledger.imbalances == [])
            #expect(
                summary.ledger.operators.filter { $0.counts.late + $0.counts.held > 0 } == [],
                "seed \(seed): \(tree)")
            let expected = JoinTreeModel(sources: sources.map { $0.flatMap(\.self) })
                .rows(of: tree)
            let found = sink.timed.map { TimedRow(row: $0.0, at: $0.1) }
            #expect(sorted(found) == sorted(expected), "seed \(seed), P \(parallelism): \(tree)")
            total += expected.count
        }
        #expect(total > 100)
    }
}
