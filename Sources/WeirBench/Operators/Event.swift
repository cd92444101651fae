import Weir

/// The record of most benchmarks: 32 bytes, no references.
struct Event: Sendable {
    var key: Int
    var value: Int
    var time: Timestamp
    var amount: Double
}

/// Computes event `index` in a few instructions, the same for engine and loop.
///
/// Times advance by 10 µs a record and are up to 1.023 ms out of order; keys and values are spread
/// so that neither cache nor branch predictor can learn them.
struct EventGenerator: RecordGenerator {
    /// The number of different keys.
    static let keys = 10_000
    /// Event time from one record to the next, in microseconds.
    static let step: Int64 = 10
    /// How far records are out of order.
    static let disorder = Duration.milliseconds(2)
    /// The time of record 0 before it is shifted: a whole number of minutes.
    static let origin: Int64 = 1_700_000_040_000_000

    @inline(__always)
    static func mix(_ index: Int) -> UInt64 {
        let word = UInt64(truncatingIfNeeded: index) &* 0x9e37_79b9_7f4a_7c15
        return (word ^ (word &>> 29)) &* 0xbf58_476d_1ce4_e5b9
    }

    @inline(__always)
    static func key(_ mixed: UInt64) -> Int {
        Int(truncatingIfNeeded: ((mixed &>> 32) &* UInt64(keys)) &>> 32)
    }

    @inline(__always)
    static func time(_ index: Int, _ mixed: UInt64) -> Timestamp {
        let late = Int64(truncatingIfNeeded: mixed & 1_023)
        return Timestamp(microseconds: origin &+ Int64(index) &* step &+ 1_023 &- late)
    }

    @inline(__always)
    func record(at index: Int) -> Event {
        let mixed = Self.mix(index)
        return Event(
            key: Self.key(mixed), value: Int(truncatingIfNeeded: (mixed &>> 12) & 0xfff),
            time: Self.time(index, mixed), amount: Double(mixed & 0xff) * 0.25)
    }
}

/// A record with a key that is text.
struct NamedEvent: Sendable {
    var name: String
    var amount: Double
    var time: Timestamp
}

/// Computes named events: the names are made beforehand, as a reader with a dictionary would hold
/// them, so that both sides pay for references but not for making strings.
struct NamedEventGenerator: RecordGenerator {
    /// Every other name is longer than the 15 bytes that a string holds without an allocation.
    let names: [String] = (0..<EventGenerator.keys).map { number in
        number.isMultiple(of: 2) ? "sensor-\(number)" : "station-europe-west-\(number)"
    }

    @inline(__always)
    func record(at index: Int) -> NamedEvent {
        let mixed = EventGenerator.mix(index)
        return NamedEvent(
            name: names[EventGenerator.key(mixed)], amount: Double(mixed & 0xff) * 0.25,
            time: EventGenerator.time(index, mixed))
    }
}
