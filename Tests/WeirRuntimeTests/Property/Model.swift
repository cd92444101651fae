import WeirCore
import WeirRuntime

/// Computes what a job puts out the slow way: all records in arrays, each tried against each window.
struct Model {
    let sources: [[Event]]

    func records(of recipe: Recipe) -> [Event] {
        switch recipe {
        case .source(let index): sources[index]
        case .map(let above, let factor): records(of: above).map { $0.multiplied(by: factor) }
        case .filter(let above, let modulus): records(of: above).filter { $0.value % modulus == 0 }
        case .flatMap(let above, let copies):
            records(of: above).flatMap { Array(repeating: $0, count: abs($0.value) % copies) }
        case .union(let left, let right): records(of: left) + records(of: right)
        case .rebalanced(let above): records(of: above)
        case .windowed(let above, let shape, let keys):
            aggregated(records(of: above), shape, keys: keys)
        case .joined(let left, let right, let shape, let kind, let keys):
            joined(records(of: left), records(of: right), shape, kind, keys: keys)
        }
    }

    /// A window's start, and a key.
    private struct Place: Hashable {
        let start: Int64
        let key: Int
    }

    /// The starts of the windows that contain a time, by trying every point that one could start at.
    private func starts(_ time: Int64, _ shape: Recipe.Shape) -> [Int64] {
        (time - shape.size + 1...time).filter { ($0 - shape.offset) % shape.slide == 0 }
    }

    private func placed(_ events: [Event], _ shape: Recipe.Shape, keys: Int) -> [Place: [Event]] {
        var found: [Place: [Event]] = [:]
        for event in events {
            for start in starts(event.at.microseconds, shape) {
                found[Place(start: start, key: abs(event.key) % keys), default: []].append(event)
            }
        }
        return found
    }

    private func aggregated(_ events: [Event], _ shape: Recipe.Shape, keys: Int) -> [Event] {
        placed(events, shape, keys: keys).map { place, events in
            Event.aggregated(
                key: place.key, count: events.count, sum: events.reduce(0) { $0 + $1.value },
                last: place.start + shape.size - 1)
        }
    }

    private func joined(
        _ left: [Event], _ right: [Event], _ shape: Recipe.Shape, _ kind: JoinKind, keys: Int
    ) -> [Event] {
        let lefts = placed(left, shape, keys: keys)
        let rights = placed(right, shape, keys: keys)
        return Set(lefts.keys).union(rights.keys).flatMap { place -> [Event] in
            let last = place.start + shape.size - 1
            let (left, right) = (lefts[place] ?? [], rights[place] ?? [])
            if kind == .semi || kind == .anti {
                guard right.isEmpty == (kind == .anti) else { return [] }
                return left.map { Event($0.key, $0.value, at: last) }
            }
            if right.isEmpty {
                return kind == .left || kind == .full
                    ? left.map { Event.joined($0, nil, last: last) } : []
            }
            if left.isEmpty {
                return kind == .right || kind == .full
                    ? right.map { Event.joined(nil, $0, last: last) } : []
            }
            return left.flatMap { left in right.map { Event.joined(left, $0, last: last) } }
        }
    }
}
