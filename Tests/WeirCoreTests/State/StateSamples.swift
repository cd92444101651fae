import Foundation
import Testing
import WeirCore
import WeirTesting

/// Writes a value with the codec of its type.
func stateBytes<Value>(_ value: Value) throws -> [UInt8] {
    let codec = try StateCodec<Value>.find()
    var writer = StateWriter()
    try codec.write(value, &writer)
    return writer.bytes
}

/// Reads all of `bytes`, written in the form `written`.
func readState<Value>(
    _: Value.Type = Value.self, from bytes: [UInt8], written: StateShape? = nil
) throws -> Value {
    let codec = try StateCodec<Value>.find()
    let read = try codec.reader(of: written ?? codec.shape)
    return try StateReader.reading(bytes) { reader in
        let value = try read(&reader)
        guard reader.left == 0 else { throw StateFormatError("\(reader.left) bytes are left") }
        return value
    }
}

/// Writes a value and reads it back; its form must agree with the reader on where it ends.
func roundTrip<Value>(_ value: Value) throws -> Value {
    let bytes = try stateBytes(value)
    let shape = try StateCodec<Value>.find().shape
    let skipped = try StateReader.reading(bytes) { reader in
        try shape.skip(&reader)
        return reader.left
    }
    #expect(skipped == 0, "\(shape) is skipped otherwise than it is written")
    #expect(bytes.count >= shape.minimumByteCount)
    let rendered = try StateReader.reading(bytes) { reader in
        let text = try shape.json(from: &reader)
        return (text, reader.left)
    }
    #expect(rendered.1 == 0, "\(shape) is shown otherwise than it is written")
    #expect(
        (try? JSONSerialization.jsonObject(
            with: Data(rendered.0.utf8), options: .fragmentsAllowed)) != nil, "\(rendered.0)")
    return try readState(from: bytes)
}

struct Site: Record, Equatable, Hashable {
    var city = "", floor = Int32(0)
    static let schema = Schema(Site.init) {
        Field("city", \.city)
        Field("floor", \.floor)
    }
}

struct Visit: Record, Equatable {
    enum Kind: String, FieldValue { case walk, drive }
    var id = 0, kind = Kind.walk, at = Timestamp.epoch, site = Site(), stops: [Site] = []
    var note: String?, price: Double?, photo: [UInt8] = []
    static let schema = Schema(Visit.init) {
        Field("id", \.id)
        Field("kind", \.kind)
        Field("at", \.at)
        Field("site", \.site)
        Field("stops", \.stops)
        Field("note", \.note)
        Field("price", \.price)
        Field("photo", \.photo)
    }
}

struct Profile: Codable, Equatable {
    enum Level: Codable, Equatable { case basic, paid(cents: Int) }
    var name = "", born: Date?, level = Level.basic, id = UUID(), counts: [String: Int] = [:]
    var avatar = Data(), friends: [String] = []
}

enum Suit: UInt8, StreamKey { case clubs, hearts }

extension SeededGenerator {
    mutating func number() -> Int {
        // Of every length in bits, and both signs.
        Int(truncatingIfNeeded: next()) >> Int.random(in: 0..<64, using: &self)
    }
    mutating func double() -> Double {
        switch Int.random(in: 0..<8, using: &self) {
        case 0: .infinity
        case 1: -0.0
        case 2: Double(bitPattern: next() & 0x7fef_ffff_ffff_ffff)
        default: Double.random(in: -1e9...1e9, using: &self)
        }
    }
    mutating func text() -> String {
        let letters = Array("abcÀß漢🎉\"\\\n\u{0}")
        return String(
            (0..<Int.random(in: 0..<20, using: &self)).map { _ in
                letters.randomElement(using: &self) ?? "a"
            })
    }
    mutating func time() -> Timestamp { Timestamp(microseconds: Int64(number())) }
    mutating func maybe<Value>(_ value: Value) -> Value? { Bool.random(using: &self) ? value : nil }
    mutating func list<Value>(_ make: (inout SeededGenerator) -> Value) -> [Value] {
        (0..<Int.random(in: 0..<6, using: &self)).map { _ in make(&self) }
    }
    mutating func site() -> Site {
        Site(city: text(), floor: Int32(truncatingIfNeeded: number()))
    }
    mutating func visit() -> Visit {
        Visit(
            id: number(), kind: Bool.random(using: &self) ? .walk : .drive, at: time(),
            site: site(),
            stops: list { $0.site() }, note: maybe(text()), price: maybe(double()),
            photo: list { UInt8(truncatingIfNeeded: $0.next()) })
    }
    mutating func profile() -> Profile {
        Profile(
            name: text(), born: maybe(Date(timeIntervalSinceReferenceDate: double())),
            level: Bool.random(using: &self) ? .basic : .paid(cents: number()), id: UUID(),
            counts: Dictionary(
                list { ($0.text(), $0.number()) }, uniquingKeysWith: { first, _ in first }),
            avatar: Data(list { UInt8(truncatingIfNeeded: $0.next()) }), friends: list { $0.text() }
        )
    }
}

func shapeJSON(_ shape: StateShape) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(shape), as: UTF8.self)
}

func shapeFromJSON(_ text: String) throws -> StateShape {
    try JSONDecoder().decode(StateShape.self, from: Data(text.utf8))
}
