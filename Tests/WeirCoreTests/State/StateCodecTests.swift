import Foundation
import Testing
import WeirCore
import WeirTesting

@Suite struct `State` {
    private func expectSame<Value: Equatable>(_ value: Value, line: Int = #line) throws {
        #expect(try roundTrip(value) == value, "line \(line)")
    }

    private func expectLimits<Value: FixedWidthInteger>(_: Value.Type) throws {
        for value in [Value.min, 0, 1, Value.max, Value.max / 2] { try expectSame(value) }
        // A number one too large for the type must not be cut down to it.
        guard Value.bitWidth < 128 else { return }
        let beyond = Int128(Value.max) + 1
        let bytes = try stateBytes(beyond)
        let unsigned = try stateBytes(UInt128(beyond))
        #expect(throws: StateFormatError.self) {
            try readState(Value.self, from: Value.isSigned ? bytes : unsigned)
        }
    }

    @Test func `of integers has their whole range and nothing beyond`() throws {
        try expectLimits(Int8.self)
        try expectLimits(Int16.self)
        try expectLimits(Int32.self)
        try expectLimits(Int64.self)
        try expectLimits(Int.self)
        try expectLimits(Int128.self)
        try expectLimits(UInt8.self)
        try expectLimits(UInt16.self)
        try expectLimits(UInt32.self)
        try expectLimits(UInt64.self)
        try expectLimits(UInt.self)
        try expectLimits(UInt128.self)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `comes back as it was written`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try expectSame(random.number())
        try expectSame(UInt8(truncatingIfNeeded: random.next()))
        try expectSame(Bool.random(using: &random))
        try expectSame(random.double())
        try expectSame(Float(random.double()))
        try expectSame(random.text())
        try expectSame(random.time())
        try expectSame(Duration.microseconds(random.number()))
        try expectSame(Epoch(random.number()))
        try expectSame(random.list { UInt8(truncatingIfNeeded: $0.next()) })
        try expectSame(random.maybe(random.maybe(random.number())))
        try expectSame(ContiguousArray(random.list { $0.text() }))
        try expectSame(ArraySlice(random.list { $0.time() }))
        try expectSame(Set(random.list { $0.text() }))
        try expectSame(Set(random.list { UInt8(truncatingIfNeeded: $0.next()) }))
        let pairs = random.list { ($0.number(), $0.list { $0.double() }) }
        try expectSame(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
        try expectSame(-3...random.number().magnitude.leadingZeroBitCount)
        try expectSame(random.time()..<Timestamp.latest)
        try expectSame(KeyPair(random.text(), random.maybe(Suit.hearts)))
        try expectSame(Window(start: random.time(), end: random.time()))
        try expectSame(WindowPane(timing: .late, index: random.number()))
        try expectSame(Change.insert(random.site()))
        try expectSame(Change.update(old: random.site(), new: random.site()))
        try expectSame(KeyedChange(key: random.number(), .delete(random.profile())))
        try expectSame(random.visit())
        try expectSame(random.profile())
        try expectSame(UUID())
        try expectSame(Date(timeIntervalSinceReferenceDate: random.double()))
        try expectSame(Data(random.list { UInt8(truncatingIfNeeded: $0.next()) }))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `is composed of records and Codable types at any depth`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try expectSame(random.list { $0.list { $0.maybe($0.visit()) } })
        try expectSame([Suit.hearts: random.maybe(random.profile()), .clubs: nil])
        try expectSame([random.site(): random.list { $0.profile() }])
        try expectSame(Set(random.list { $0.site() }))
        try expectSame([random.text(): [Window(start: .epoch, end: random.time()): random.visit()]])
    }

    @Test func `of not-a-number keeps its bits`() throws {
        let value = Double(bitPattern: 0x7ff8_dead_beef_0001)
        #expect(try roundTrip(value).bitPattern == value.bitPattern)
        #expect(try roundTrip(-Float.nan).bitPattern == (-Float.nan).bitPattern)
    }

    @Test func `of a tuple is a record of its elements`() throws {
        let state = (
            words: 3, longest: UInt8(9), "last", site: [Site(city: "a")], mean: 2.5 as Double?
        )
        let read = try roundTrip(state)
        #expect(read.words == 3 && read.longest == 9 && read.2 == "last")
        #expect(read.site == state.site && read.mean == 2.5)
        let shape = try StateCodec<(words: Int, Bool)>.find().shape
        #expect(shape.description == "tuple(words: Int, 1: Bool)")
        #expect(try stateBytes(()).isEmpty)
        #expect(try roundTrip([(1, "a"), (2, "b")]).map(\.1) == ["a", "b"])
        // An element that was read before the bytes ended is given up again.
        let bytes = try stateBytes((String(repeating: "x", count: 100), 7))
        #expect(throws: StateFormatError.truncated()) {
            try readState((String, Int).self, from: bytes.dropLast())
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `has the same bytes whatever the order of insertion`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pairs = (0..<200).map { ("key \($0)", random.number()) }
        // Of another capacity, so that the hash table has another order.
        var other: [String: Int] = [:]
        other.reserveCapacity(5_000)
        for (key, value) in pairs.shuffled(using: &random) { other[key] = value }
        let one = Dictionary(uniqueKeysWithValues: pairs)
        #expect(try stateBytes(one) == stateBytes(other))
        #expect(try stateBytes(Set(one.keys)) == stateBytes(Set(other.keys)))
        var profiles = [Profile(), Profile()]
        profiles[1].id = profiles[0].id
        profiles[0].counts = one
        profiles[1].counts = other
        #expect(try stateBytes(profiles[0]) == stateBytes(profiles[1]))
    }
}

private final class Shared: Codable { var count = 0 }
private struct Bare { var count = 0 }
private struct Holder: Record {
    enum Odd: String, FieldValue { case a }
    var inner: [Outer] = []
    struct Outer: Record {
        var name = ""
        static let schema = Schema(Outer.init) { Field("name", \.name, aliases: ["name"]) }
    }
    static let schema = Schema(Holder.init) { Field("inner", \.inner) }
}

@Suite struct `A type without a form` {
    private func reason<Value>(_: Value.Type) -> String? {
        do {
            _ = try StateCodec<Value>.find()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `is refused with the mend`() throws {
        #expect(
            reason([String: [Bare]].self)
                == "Bare cannot be kept in a checkpoint: conform it to Codable, Record or StateValue"
        )
        #expect(
            reason((count: Int, last: Bare?).self)
                == "field \"last\": Bare cannot be kept in a checkpoint: conform it to Codable, "
                + "Record or StateValue")
        #expect(
            reason(KeyedChange<Int, Bare>.self)?.hasPrefix("field \"change.insert\": Bare") == true)
    }

    @Test func `is a class that is only Codable`() {
        #expect(
            reason(Shared.self)
                == "Shared is a class, which a snapshot cannot tell from its copy that goes on "
                + "changing: make it a struct, or conform it to StateValue if it is never changed "
                + "in place")
    }

    @Test func `is an array of nothing`() {
        #expect(
            reason([Void].self) == "an array of values that take no bytes: keep their number")
    }

    @Test func `is a record whose schema is wrong`() {
        #expect(reason(Holder.self)?.contains("stands for two fields") == true)
    }
}
