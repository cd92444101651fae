import Foundation
import Testing
import WeirCore
import WeirTesting

/// Writes a value and reads it back.
func roundTrip<Value>(_ value: Value) throws -> Value {
    let codec = try StateCodec<Value>.find()
    var writer = StateWriter()
    try codec.write(value, &writer)
    return try StateReader.reading(writer.bytes) { reader in
        let read = try codec.read(&reader)
        #expect(reader.left == 0, "\(codec.shape) leaves bytes")
        var skipped = try StateReader.reading(writer.bytes) { reader in
            try codec.shape.skip(&reader)
            return reader.left
        }
        #expect(skipped == 0, "\(codec.shape) is skipped otherwise than it is read")
        skipped = 0
        return read
    }
}

struct Site: Record, Equatable {
    var city = "", floor = Int32(0)
    static let schema = Schema(Site.init) {
        Field("city", \.city)
        Field("floor", \.floor)
    }
}

struct Visit: Record, Equatable {
    enum Kind: String, FieldValue { case walk, drive }
    var id = 0, kind = Kind.walk, at = Timestamp.epoch, place = Site(), stops: [Site] = []
    var note: String?, price: Double?, photo: [UInt8] = []
    static let schema = Schema(Visit.init) {
        Field("id", \.id)
        Field("kind", \.kind)
        Field("at", \.at)
        Field("place", \.place)
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

@Suite struct `State codecs` {
    @Test func `are found for containers of any kind of value`() throws {
        let visit = Visit(
            id: -7, kind: .drive, at: Timestamp(microseconds: 5),
            place: Site(city: "Łódź", floor: 3),
            stops: [Site(city: "a"), Site(floor: -1)], note: nil, price: .infinity, photo: [1, 2])
        let profile = Profile(
            name: "x", born: Date(), level: .paid(cents: 5), counts: ["b": 1, "a": 2],
            avatar: Data([0, 255]), friends: ["y"])
        #expect(try roundTrip(visit) == visit)
        #expect(try roundTrip(profile) == profile)
        #expect(try roundTrip([visit, Visit()]) == [visit, Visit()])
        #expect(try roundTrip(profile as Profile?) == profile)
        #expect(
            try roundTrip([Suit.hearts: [profile], .clubs: []]) == [.hearts: [profile], .clubs: []])
        #expect(try roundTrip(["k": [[visit as Visit?], [nil]]]) == ["k": [[visit], [nil]]])
        #expect(try roundTrip(Int??.some(nil)) == .some(nil))
        #expect(try roundTrip(Set([KeyPair(1, "a"), KeyPair(1, "b")])).count == 2)
    }
}
