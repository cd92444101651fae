import WeirCore

/// A record of the example jobs.
struct SimulatedEvent: Hashable, Sendable, Codable {
    var key: Int
    var value: Int
    var at: Timestamp

    /// So many events of seven keys, one every two milliseconds, each up to `disorder` before its turn;
    /// values and times are unique.
    static func samples(
        _ count: Int, disorder: Duration = .milliseconds(20), from first: Int = 0, seed: UInt64
    ) -> [SimulatedEvent] {
        var random = SeededGenerator(seed: seed)
        let most = disorder.wholeMicroseconds - 1_000
        return (0..<count).map { index in
            let early = most > 0 ? Int64.random(in: 0...most, using: &random) / 1_000 * 1_000 : 0
            return SimulatedEvent(
                key: Int.random(in: 0..<7, using: &random), value: first + index,
                at: Timestamp(microseconds: 1_000_000 + Int64(index) * 2_001 - early))
        }
    }
}
