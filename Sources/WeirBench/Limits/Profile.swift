import Foundation
import Weir

/// What is known of a key: the state of the check of state larger than memory. 80 bytes.
///
/// It does not depend on the order of the values, so that a plain loop comes to the same.
struct Profile: Sendable, StateValue {
    var count = 0, sum = 0
    var least = Int.max, greatest = Int.min
    var first = Timestamp.latest, last = Timestamp.earliest
    /// The values by their lowest three bits.
    var classes = InlineArray<8, Int32>(repeating: 0)

    @inline(__always)
    mutating func add(_ value: Int, at time: Timestamp) {
        count &+= 1
        sum &+= value
        least = min(least, value)
        greatest = max(greatest, value)
        first = min(first, time)
        last = max(last, time)
        classes[value & 7] &+= 1
    }

    /// A number that depends on all of it, and on its key.
    func checksum(of key: Int) -> UInt64 {
        var sum = EventGenerator.mix(key)
        for word in [
            count, self.sum, least, greatest, Int(first.microseconds), Int(last.microseconds),
        ] {
            sum = EventGenerator.mix(Int(truncatingIfNeeded: sum) ^ word)
        }
        for index in classes.indices {
            sum = EventGenerator.mix(Int(truncatingIfNeeded: sum) ^ Int(classes[index]))
        }
        return sum
    }

    static var stateShape: StateShape {
        let number = Int.stateShape
        return .record(
            "Profile",
            ["count", "sum", "least", "greatest"].map { StateShape.Field($0, number) }
                + ["first", "last"].map { StateShape.Field($0, .timestamp) }
                + (0..<8).map { StateShape.Field("class\($0)", Int32.stateShape) })
    }

    func write(to output: inout StateWriter) {
        for word in [count, sum, least, greatest] { word.write(to: &output) }
        first.write(to: &output)
        last.write(to: &output)
        for index in classes.indices { classes[index].write(to: &output) }
    }

    static func read(from input: inout StateReader) throws -> Profile {
        var profile = Profile()
        profile.count = try Int.read(from: &input)
        profile.sum = try Int.read(from: &input)
        profile.least = try Int.read(from: &input)
        profile.greatest = try Int.read(from: &input)
        profile.first = try Timestamp.read(from: &input)
        profile.last = try Timestamp.read(from: &input)
        for index in profile.classes.indices {
            profile.classes[index] = try Int32.read(from: &input)
        }
        return profile
    }
}

/// A value of a key; the last of each key asks for its profile.
struct ProfileEvent: Sendable {
    var key: Int
    var value: Int
    var time: Timestamp
    var isLast: Bool
}

/// Keeps a profile of each key.
struct ProfileFunction: KeyedProcessFunction {
    let initialState = Profile()

    @inline(__always)
    func process(
        _ event: ProfileEvent, state: inout Profile, context: KeyedContext<Int, ProfileRow>
    ) {
        state.add(event.value, at: event.time)
        if event.isLast {
            context.emit(ProfileRow(checksum: state.checksum(of: event.key)))
        }
    }
}

/// What a profile came to.
struct ProfileRow: CheckedRow {
    let checksum: UInt64
}

/// First a value for each key, in order; then values of keys that are drawn; then one more for each
/// key, its last.
///
/// An index and its key are both even or both odd, so that with two splits the values of a key come from
/// one of them, and so in order.
struct ProfileEvents: RecordGenerator {
    /// How keys are drawn.
    enum Draw: Sendable {
        /// All keys alike.
        case evenly
        /// The n-th most frequent in proportion to 1 / n^exponent. The most frequent come first in the
        /// order of keys, as where a key that is seen often was seen early; or anywhere.
        case zipf(exponent: Double, isScattered: Bool)
    }

    let keys: Int
    let draw: Draw
    /// The values whose keys are drawn; `nil`: without end.
    let drawn: Int?
    /// N^(1-s), of the distribution's inverse.
    private let scale: Double
    private let power: Double

    /// - Precondition: `keys` and `drawn` are even.
    init(keys: Int, draw: Draw, drawn: Int? = nil) {
        precondition(keys % 2 == 0 && (drawn ?? 0) % 2 == 0, "keys are dealt to two splits")
        self.keys = keys
        self.draw = draw
        self.drawn = drawn
        if case .zipf(let exponent, _) = draw {
            scale = pow(Double(keys), 1 - exponent) - 1
            power = 1 / (1 - exponent)
        } else {
            (scale, power) = (0, 1)
        }
    }

    /// The records there are; `nil`: without end.
    var count: Int? { drawn.map { $0 + 2 * keys } }

    /// The part of the draws that go to the most frequent keys, so many of them.
    func share(ofMostFrequent count: Int) -> Double {
        guard case .zipf(let exponent, _) = draw else { return Double(count) / Double(keys) }
        return (pow(Double(count), 1 - exponent) - 1) / scale
    }

    @inline(__always)
    func record(at index: Int) -> ProfileEvent {
        let mixed = EventGenerator.mix(index)
        let key: Int
        var isLast = false
        if index < keys {
            key = index
        } else if let drawn, index >= keys &+ drawn {
            key = index &- keys &- drawn
            isLast = true
        } else {
            key = drawnKey(mixed) & ~1 | (index & 1)
        }
        return ProfileEvent(
            key: key, value: Int(truncatingIfNeeded: (mixed &>> 12) & 0xfff),
            time: Timestamp(microseconds: Int64(index)), isLast: isLast)
    }

    @inline(__always)
    private func drawnKey(_ mixed: UInt64) -> Int {
        guard case .zipf(_, let isScattered) = draw else {
            return Int(truncatingIfNeeded: ((mixed &>> 32) &* UInt64(keys)) &>> 32)
        }
        // The inverse of the continuous distribution on 1 ... N; Hörmann and Derflinger,
        // "Rejection-inversion to generate variates from monotone discrete distributions", 1996, without
        // the rejection that makes it exact.
        let even = Double(mixed &>> 11) * 0x1p-53
        let rank = min(keys - 1, Int(pow(1 + even * scale, power)) - 1)
        // An odd factor that shares no divisor with the even part: each rank has a key of its own.
        return isScattered ? Int(UInt64(rank) &* 2_654_435_761 % UInt64(keys)) : rank
    }

    /// What all keys' profiles come to, by a plain loop over an array.
    func computedOutcome() -> Outcome {
        var profiles = [Profile](repeating: Profile(), count: keys)
        for index in 0..<(count ?? 0) {
            let event = record(at: index)
            profiles[event.key].add(event.value, at: event.time)
        }
        var outcome = Outcome()
        for key in profiles.indices { outcome.add(profiles[key].checksum(of: key)) }
        return outcome
    }
}
