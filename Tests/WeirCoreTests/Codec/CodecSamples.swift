import WeirCore

/// A generator of random numbers that gives the same ones for the same seed: SplitMix64.
struct CodecRandom: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value {
        switch Int.random(in: 0..<6, using: &self) {
        case 0: .min
        case 1: .max
        case 2: 0
        case 3: Value(truncatingIfNeeded: Int.random(in: -1...1, using: &self))
        default: Value.random(in: .min ... .max, using: &self)
        }
    }

    /// A finite double: edges, decimals, and any pattern of bits.
    mutating func double() -> Double {
        switch Int.random(in: 0..<6, using: &self) {
        case 0:
            return [
                0, -0.0, .leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
                1e22, 1e23,
                0.1 + 0.2, 9_007_199_254_740_992, -1e15,
            ].randomElement(using: &self) ?? 0
        case 1: return Double(Int.random(in: -10_000...10_000, using: &self))
        case 2: return Double(Int.random(in: -10_000_000...10_000_000, using: &self)) / 1_000
        default:
            let value = Double(bitPattern: next())
            return value.isFinite ? value : 1.5
        }
    }

    mutating func float() -> Float {
        let value = Float(bitPattern: UInt32(truncatingIfNeeded: next()))
        return value.isFinite ? value : -0.25
    }

    mutating func string() -> String {
        let pieces = [
            "", "a", "NA", "null", ",", "\"", "\"\"", "\\", "/", "\n", "\r\n", "\t", "\u{1}", "é",
            "e\u{301}",
            "日本", "👩‍👧", " ", ";", "0", "-1", "true", "a longer piece of text, over fifteen bytes",
        ]
        let count = Int.random(in: 0..<4, using: &self)
        return (0..<count).map { _ in pieces.randomElement(using: &self) ?? "" }.joined()
    }

    mutating func time() -> Timestamp {
        chance(20)
            ? Timestamp(microseconds: integer(Int64.self))
            : Timestamp(seconds: Int64.random(in: -1_000_000_000...3_000_000_000, using: &self))
    }

    mutating func optional<Value>(_ make: (inout CodecRandom) -> Value) -> Value? {
        chance(40) ? nil : make(&self)
    }

    mutating func list<Value>(_ make: (inout CodecRandom) -> Value) -> [Value] {
        (0..<Int.random(in: 0..<4, using: &self)).map { _ in make(&self) }
    }
}

enum Side: String, FieldValue, Codable, CaseIterable { case bid, ask }
enum Level: Int, FieldValue, CaseIterable { case low = -7, high = 300 }

/// A record within the others.
struct Place: Record, Equatable {
    var name = "", altitude: Float?
    static let schema = Schema(Place.init) {
        Field("name", \.name)
        Field("altitude", \.altitude, unit: "m")
    }
    static func random(_ random: inout CodecRandom) -> Place {
        Place(name: random.string(), altitude: random.optional { $0.float() })
    }
}

/// A record with every kind of field.
struct Sample: Record, Equatable {
    var flag = false, i8: Int8 = 0, i16: Int16 = 0, i32: Int32 = 0, i64: Int64 = 0, int = 0
    var u8: UInt8 = 0, u16: UInt16 = 0, u32: UInt32 = 0, u64: UInt64 = 0, uint: UInt = 0
    var float: Float = 0, double = 0.0, string = "", time = Timestamp.epoch, bytes: [UInt8] = []
    var side = Side.bid, level = Level.low, place = Place()
    var maybeFlag: Bool?, maybeInt: Int?, maybeDouble: Double?, maybeString: String?
    var maybeTime: Timestamp?, maybeBytes: [UInt8]?, maybeSide: Side?, maybePlace: Place?
    var tags: [String] = [], gaps: [Int?] = [], places: [Place] = [], nested: [[Double]] = []
    var text: UTF8String = "", maybeText: UTF8String?

    static let schema = Schema(Sample.init) {
        Field("flag", \.flag)
        Field("i8", \.i8)
        Field("i16", \.i16)
        Field("i32", \.i32)
        Field("i64", \.i64)
        Field("int", \.int)
        Field("u8", \.u8)
        Field("u16", \.u16)
        Field("u32", \.u32)
        Field("u64", \.u64)
        Field("uint", \.uint)
        Field("float", \.float)
        Field("double", \.double)
        Field("string", \.string)
        Field("time", \.time)
        Field("bytes", \.bytes)
        Field("side", \.side)
        Field("level", \.level)
        Field("place", \.place)
        Field("maybe_flag", \.maybeFlag)
        Field("maybe_int", \.maybeInt)
        Field("maybe_double", \.maybeDouble)
        Field("maybe_string", \.maybeString)
        Field("maybe_time", \.maybeTime)
        Field("maybe_bytes", \.maybeBytes)
        Field("maybe_side", \.maybeSide)
        Field("maybe_place", \.maybePlace)
        Field("tags", \.tags)
        Field("gaps", \.gaps)
        Field("places", \.places)
        Field("nested", \.nested)
        Field("text", \.text)
        Field("maybe_text", \.maybeText)
    }

    static func random(_ random: inout CodecRandom) -> Sample {
        var sample = Sample()
        sample.flag = random.chance(50)
        sample.i8 = random.integer(Int8.self)
        sample.i16 = random.integer(Int16.self)
        sample.i32 = random.integer(Int32.self)
        sample.i64 = random.integer(Int64.self)
        sample.int = random.integer(Int.self)
        sample.u8 = random.integer(UInt8.self)
        sample.u16 = random.integer(UInt16.self)
        sample.u32 = random.integer(UInt32.self)
        sample.u64 = random.integer(UInt64.self)
        sample.uint = random.integer(UInt.self)
        sample.float = random.float()
        sample.double = random.double()
        sample.string = random.string()
        sample.time = random.time()
        sample.bytes = random.list { $0.integer(UInt8.self) }
        sample.side = random.chance(50) ? .bid : .ask
        sample.level = random.chance(50) ? .low : .high
        sample.place = .random(&random)
        sample.maybeFlag = random.optional { $0.chance(50) }
        sample.maybeInt = random.optional { $0.integer(Int.self) }
        sample.maybeDouble = random.optional { $0.double() }
        sample.maybeString = random.optional { $0.string() }
        sample.maybeTime = random.optional { $0.time() }
        sample.maybeBytes = random.optional { $0.list { $0.integer(UInt8.self) } }
        sample.maybeSide = random.optional { _ in .ask }
        sample.maybePlace = random.optional { .random(&$0) }
        sample.tags = random.list { $0.string() }
        sample.gaps = random.list { $0.optional { $0.integer(Int.self) } }
        sample.places = random.list { .random(&$0) }
        sample.nested = random.list { $0.list { $0.double() } }
        sample.text = UTF8String(random.string())
        sample.maybeText = random.optional { UTF8String($0.string()) }
        return sample
    }
}

/// A flight as a record, and as a plain `Codable` type with the same fields.
struct FlightRecord: Record, Equatable {
    var carrier = "", number = 0, scheduled = Timestamp.epoch, delay: Double?, tail: String?
    static let schema = Schema(FlightRecord.init) {
        Field("carrier", \.carrier)
        Field("number", \.number, aliases: ["flight"])
        Field("scheduled", \.scheduled, doc: "scheduled departure, UTC")
        Field("delay", \.delay, unit: "minutes")
        Field("tail", \.tail)
    }
}

struct FlightCodable: Codable, Equatable, Sendable {
    var carrier: String, number: Int, scheduled: Timestamp, delay: Double?, tail: String?
}

extension RowFormat {
    /// What a text of one JSON object reads as.
    func fromJSON(_ text: String) throws(FieldError) -> Row {
        try jsonDecoder().decode(Array(text.utf8).span)
    }

    func json(_ row: Row) throws -> String {
        var output: [UInt8] = []
        try jsonEncoder().encode(row, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    func csv(_ row: Row, _ options: CSVOptions = CSVOptions()) throws -> String {
        var output: [UInt8] = []
        try csvEncoder(options: options).encode(row, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    func binary(_ row: Row) throws -> [UInt8] {
        var output: [UInt8] = []
        try binaryCodec.encode(row, into: &output)
        return output
    }
}

extension CSVRecordDecoder {
    func read(_ line: String) throws(FieldError) -> Row { try read(Array(line.utf8)) }
    func read(_ line: [UInt8]) throws(FieldError) -> Row { try decode(line.span) }
}

extension JSONRecordDecoder {
    func read(_ line: [UInt8]) throws(FieldError) -> Row { try decode(line.span) }
}

extension BinaryRecordCodec {
    func read(_ bytes: [UInt8], at offset: inout Int) throws(FieldError) -> Row {
        try decode(from: bytes.span, at: &offset)
    }

    /// Reads a row that must be all there is.
    func read(_ bytes: [UInt8]) throws(FieldError) -> Row {
        var offset = 0
        let row = try decode(from: bytes.span, at: &offset)
        guard offset == bytes.count else { throw FieldError("\(bytes.count - offset) bytes left") }
        return row
    }
}

/// What `body` threw, as text.
func message(_ body: () throws -> some Any) -> String {
    do {
        return "no error, but \(try body())"
    } catch {
        return "\(error)"
    }
}
