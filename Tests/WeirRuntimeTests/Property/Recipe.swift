import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// A random job, as a tree of operators over random inputs: what the engine builds a graph of and
/// the model computes with plain arrays.
indirect enum Recipe: Sendable, CustomStringConvertible {
    /// The source with this index.
    case source(Int)
    case map(Recipe, factor: Int)
    case filter(Recipe, modulus: Int)
    /// Each record `value % copies` times.
    case flatMap(Recipe, copies: Int)
    case union(Recipe, Recipe)
    case rebalanced(Recipe)
    /// Count and sum by key and window, as a record of the window's last point.
    case windowed(Recipe, Shape, keys: Int)
    case joined(Recipe, Recipe, Shape, JoinKind, keys: Int)

    /// A window: size, slide and offset in microseconds.
    struct Shape: Sendable {
        var size: Int64
        var slide: Int64
        var offset: Int64

        var assigner: WindowAssigner {
            .sliding(
                .microseconds(size), every: .microseconds(slide), offset: .microseconds(offset))
        }
    }

    /// The number of times that operators follow each other that multiply records.
    private static let deepest = 4

    static func random(
        depth: Int = deepest, sources: Int, mayJoin: Bool = true,
        using random: inout SeededGenerator
    ) -> Recipe {
        guard depth > 0 else { return .source(.random(in: 0..<sources, using: &random)) }
        // A join of joins would multiply records beyond what a test can hold.
        func below(mayJoin: Bool = mayJoin) -> Recipe {
            .random(depth: depth - 1, sources: sources, mayJoin: mayJoin, using: &random)
        }
        switch Int.random(in: 0..<(mayJoin ? 10 : 9), using: &random) {
        case 0: return .source(.random(in: 0..<sources, using: &random))
        case 1: return .map(below(), factor: .random(in: 2...5, using: &random))
        case 2: return .filter(below(), modulus: .random(in: 2...4, using: &random))
        case 3: return .flatMap(below(), copies: .random(in: 2...3, using: &random))
        case 4, 5: return .union(below(), below())
        case 6: return .rebalanced(below())
        case 7, 8:
            return .windowed(
                below(), .random(using: &random), keys: .random(in: 1...5, using: &random))
        default:
            let kinds: [JoinKind] = [.inner, .left, .right, .full, .semi, .anti]
            let kind = kinds[Int.random(in: 0..<6, using: &random)]
            return .joined(
                below(mayJoin: false), below(mayJoin: false), .random(using: &random), kind,
                keys: .random(in: 3...9, using: &random))
        }
    }

    var description: String {
        switch self {
        case .source(let index): "source \(index)"
        case .map(let above, let factor): "map(\(above), \(factor))"
        case .filter(let above, let modulus): "filter(\(above), \(modulus))"
        case .flatMap(let above, let copies): "flatMap(\(above), \(copies))"
        case .union(let left, let right): "union(\(left), \(right))"
        case .rebalanced(let above): "rebalanced(\(above))"
        case .windowed(let above, let shape, let keys): "windowed(\(above), \(shape), \(keys) keys)"
        case .joined(let left, let right, let shape, let kind, let keys):
            "joined(\(left), \(right), \(shape), \(kind), \(keys) keys)"
        }
    }
}

extension Recipe.Shape {
    static func random(using random: inout SeededGenerator) -> Self {
        let size = Int64.random(in: 1...40, using: &random)
        let isTumbling = Bool.random(using: &random)
        return Self(
            size: size,
            slide: isTumbling ? size : .random(in: max(5, size / 3)...40, using: &random),
            offset: .random(in: -10...10, using: &random))
    }
}

/// What the operators do to records, for engine and model alike; when and where is theirs.
extension Event {
    func multiplied(by factor: Int) -> Event {
        Event(key &+ 1, value &* factor % 10_007, at: at.microseconds)
    }

    /// A result of a window over records with the given number and sum.
    static func aggregated(key: Int, count: Int, sum: Int, last: Int64) -> Event {
        Event(key, (sum &* 31 &+ count) % 10_007, at: last)
    }

    static func joined(_ left: Event?, _ right: Event?, last: Int64) -> Event {
        Event(
            (left?.key ?? 0) &+ (right?.key ?? 0),
            ((left?.value ?? -1) &* 7 &+ (right?.value ?? -1)) % 10_007, at: last)
    }
}
