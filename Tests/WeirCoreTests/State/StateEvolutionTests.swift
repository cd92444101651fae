import Testing
import WeirCore

/// Reads, as `New`, what an older version of the job wrote as `Old`.
private func upgrade<Old, New>(_ old: Old, to _: New.Type) throws -> New {
    try readState(from: stateBytes(old), written: StateCodec<Old>.find().shape)
}

/// Why what `Old` wrote cannot be read as `New`: known before any value is read.
private func refusal<Old, New>(_: Old.Type, to _: New.Type) throws -> String? {
    let written = try StateCodec<Old>.find().shape
    let codec = try StateCodec<New>.find()
    do {
        _ = try codec.reader(of: written)
        return nil
    } catch let error as StateFormatError {
        return error.description
    }
}

/// Version 1 of a record, and what became of it.
private enum Order {
    struct V1: Record {
        var id = Int32(0), customer = "", cents = Float(0), placed = Timestamp.epoch
        static let schema = Schema(V1.init) {
            Field("id", \.id)
            Field("customer", \.customer)
            Field("cents", \.cents)
            Field("placed", \.placed, aliases: ["placedAt"])
        }
    }
    /// Reordered, widened, renamed by aliases on both sides, one field gone, three new.
    struct V2: Record, Equatable {
        var placedAt = Timestamp.epoch, cents = 0.0, buyer = "?", currency = "EUR", note: String?
        var lines: [Int]? = nil
        static let schema = Schema(V2.init) {
            Field("placedAt", \.placedAt)
            Field("cents", \.cents)
            Field("buyer", \.buyer, aliases: ["customer"])
            Field("currency", \.currency)
            Field("note", \.note)
            Field("lines", \.lines)
        }
    }
    struct Narrowed: Record {
        var id = Int16(0)
        static let schema = Schema(Narrowed.init) { Field("id", \.id) }
    }
    struct Retyped: Record {
        var customer = 0
        static let schema = Schema(Retyped.init) { Field("customer", \.customer) }
    }
}

private enum Basket {
    struct V1: Record {
        var orders: [Order.V1] = [], last: Order.V1?, site = Site()
        static let schema = Schema(V1.init) {
            Field("orders", \.orders)
            Field("last", \.last)
            Field("site", \.site)
        }
    }
    struct V2: Record, Equatable {
        var last: Order.V2?, orders: [Order.V2?] = [], site: Site?
        static let schema = Schema(V2.init) {
            Field("last", \.last)
            Field("orders", \.orders)
            Field("site", \.site)
        }
    }
    struct Retyped: Record {
        var orders: [Order.Retyped] = []
        static let schema = Schema(Retyped.init) { Field("orders", \.orders) }
    }
}

@Suite struct `State of an older version` {
    private let old = Order.V1(
        id: -9, customer: "Ada", cents: 1.5, placed: Timestamp(microseconds: 77))
    private let new = Order.V2(
        placedAt: Timestamp(microseconds: 77), cents: 1.5, buyer: "Ada", currency: "EUR")

    @Test func `is read by names and aliases, with defaults for what is new`() throws {
        #expect(try upgrade(old, to: Order.V2.self) == new)
    }

    @Test func `evolves within records, arrays, optionals, dictionaries and sets`() throws {
        let basket = Basket.V1(orders: [old, old], last: old, site: Site(city: "x", floor: 1))
        let upgraded = Basket.V2(last: new, orders: [new, new], site: Site(city: "x", floor: 1))
        #expect(try upgrade(basket, to: Basket.V2.self) == upgraded)
        #expect(try upgrade([basket], to: [Basket.V2].self) == [upgraded])
        #expect(try upgrade(basket as Basket.V1?, to: Basket.V2?.self) == upgraded)
        #expect(try upgrade(["k": [old]], to: [String: [Order.V2]].self) == ["k": [new]])
        #expect(try upgrade([Int32(5): UInt8(6)], to: [Int: UInt64?].self) == [5: 6])
        #expect(try upgrade(Set([UInt8(1), 255]), to: Set<Int>.self) == [1, 255])
        #expect(
            try upgrade(KeyPair(Int8(-1), "a"), to: KeyPair<Int, String?>.self) == KeyPair(-1, "a"))
        #expect(try upgrade(Float(1)...2, to: ClosedRange<Double>.self) == 1...2)
        let tuple = try upgrade((words: 3, gone: "x"), to: (new: Int?, words: Int64).self)
        #expect(tuple.words == 3 && tuple.new == nil)
        #expect(
            try upgrade(Change.update(old: Int8(1), new: 2), to: Change<Int>.self)
                == .update(old: 1, new: 2))
    }

    @Test func `has its numbers widened`() throws {
        #expect(try upgrade(Int32.min, to: Int.self) == Int(Int32.min))
        #expect(try upgrade(Int.min, to: Int128.self) == Int128(Int.min))
        #expect(try upgrade(UInt16.max, to: Int32.self) == 65_535)
        #expect(try upgrade(UInt8.max, to: UInt.self) == 255)
        #expect(try upgrade(Float(0.1), to: Double.self) == Double(Float(0.1)))
        #expect(try upgrade(7, to: Int?.self) == 7)
        #expect(try upgrade(UInt8(1), to: Suit?.self) == .hearts)
    }

    @Test func `is refused where a number would not fit or be another`() throws {
        #expect(try refusal(Int.self, to: Int32.self) == "Int32 cannot be read from Int")
        #expect(try refusal(UInt.self, to: Int.self) == "Int cannot be read from UInt")
        #expect(try refusal(Int8.self, to: UInt64.self) == "UInt cannot be read from Int8")
        #expect(try refusal(Double.self, to: Float.self) == "Float cannot be read from Double")
        #expect(try refusal(Int.self, to: Double.self) == "Double cannot be read from Int")
        #expect(try refusal(Int.self, to: Timestamp.self) == "Timestamp cannot be read from Int")
        #expect(try refusal(Bool.self, to: Int.self) == "Int cannot be read from Bool")
    }

    @Test func `is refused with the field, its old form and its new`() throws {
        #expect(
            try refusal(Order.V1.self, to: Order.Narrowed.self)
                == "field \"id\": Int16 cannot be read from Int32")
        #expect(
            try refusal(Basket.V1.self, to: Basket.Retyped.self)
                == "field \"orders.customer\": Int cannot be read from String")
        #expect(try refusal(Int?.self, to: Int.self) == "Int cannot be read from Int?")
        #expect(
            try refusal([Int].self, to: [Int: Int].self) == "[Int: Int] cannot be read from [Int]")
        #expect(try refusal([UInt8].self, to: [Int].self) == "[Int] cannot be read from bytes")
        #expect(
            try refusal(Site.self, to: String.self)
                == "String cannot be read from Site(city: String, floor: Int32)")
        #expect(
            try refusal((a: Int, b: Int).self, to: (a: Int, c: Int).self)
                == "field \"c\": is not in the state that was saved, which has \"a\", \"b\", and has "
                + "no default: make it optional, give it a default, or name the field that it was as "
                + "an alias")
    }

    @Test func `gives a value that no longer is one away with its text`() throws {
        #expect(throws: StateFormatError("\"9\" is not a value of Suit")) {
            try upgrade(UInt8(9), to: Suit.self)
        }
    }
}

private struct Account1: Codable {
    var name = "", age = Int32(0), score = Float(0)
    var address = Address()
    struct Address: Codable { var street = "" }
}
private struct Account2: Codable, Equatable {
    var age: Int, name: String?, score: Double, email: String?
}
private struct AccountWithRequired: Codable { var name = "", email = "" }
private struct AccountRetyped: Codable { var name = 0 }
private struct AccountNested: Codable {
    var address: Address
    struct Address: Codable { var street = "", city = "" }
}

@Suite struct `State of an older Codable type` {
    @Test func `is read by names, absent where nothing was written`() throws {
        let old = Account1(name: "Ada", age: 36, score: 0.5)
        #expect(
            try upgrade(old, to: Account2.self)
                == Account2(age: 36, name: "Ada", score: 0.5, email: nil))
    }

    @Test func `is refused with the field before a value is read`() throws {
        #expect(
            try refusal(Account1.self, to: AccountWithRequired.self)?
                .hasPrefix("field \"email\": is not in the state that was saved") == true)
        #expect(
            try refusal(Account1.self, to: AccountRetyped.self)
                == "field \"name\": Int cannot be read from String")
        #expect(
            try refusal(Account1.self, to: AccountNested.self)?
                .hasPrefix("field \"address.city\": is not in the state") == true)
        #expect(
            try refusal(Account1.self, to: Site.self)?.hasPrefix("Site(city: String") == true)
    }
}

private enum Shape1: StateComposite, Equatable {
    case circle(Int32), square(String), point
    var radius: Int32? { if case .circle(let radius) = self { radius } else { nil } }
    var side: String? { if case .square(let side) = self { side } else { nil } }

    static func stateCodec() throws -> StateCodec<Shape1> {
        .variant(
            "Shape",
            [
                try StateCase("circle", { $0.radius }, make: { .circle($0) }),
                try StateCase("square", { $0.side }, make: { .square($0) }),
                StateCase("point", when: { $0 == .point }, make: { .point }),
            ])
    }
}

private enum Shape2: StateComposite, Equatable {
    case dot, box(String?), circle(Int), line
    var radius: Int? { if case .circle(let radius) = self { radius } else { nil } }
    var side: String?? { if case .box(let side) = self { .some(side) } else { nil } }

    static func stateCodec() throws -> StateCodec<Shape2> {
        .variant(
            "Shape",
            [
                StateCase("dot", aliases: ["point"], when: { $0 == .dot }, make: { .dot }),
                try StateCase("box", aliases: ["square"], { $0.side }, make: { .box($0) }),
                StateCase("line", when: { $0 == .line }, make: { .line }),
                try StateCase("circle", { $0.radius }, make: { .circle($0) }),
            ])
    }
}

private enum Shape3: StateComposite {
    case circle(Int)
    var radius: Int? { if case .circle(let radius) = self { radius } else { nil } }

    static func stateCodec() throws -> StateCodec<Shape3> {
        .variant("Shape", [try StateCase("circle", { $0.radius }, make: { .circle($0) })])
    }
}

@Suite struct `State of an older choice` {
    @Test func `is read by the names of its cases`() throws {
        let old = [Shape1.circle(-3), .square("s"), .point]
        #expect(try roundTrip(old) == old)
        #expect(try upgrade(old, to: [Shape2].self) == [.circle(-3), .box("s"), .dot])
    }

    @Test func `is refused where a case is gone, or its value another`() throws {
        #expect(
            try refusal(Shape1.self, to: Shape3.self)
                == "field \"square\": is a case of the state that was saved, and no longer one of its "
                + "type: put it back, or name it as the alias of another")
        #expect(
            try refusal(Change<Int>.self, to: Change<String>.self)
                == "field \"insert\": String cannot be read from Int")
        #expect(
            try refusal(Shape1.self, to: Change<Int>.self)?
                .hasSuffix("cannot be read from Shape{circle(Int32) | square(String) | point}")
                == true)
    }
}

@Suite struct `The form of a state` {
    @Test func `is the same in every version of Weir`() throws {
        let shape = try StateCodec<Site>.find().shape
        #expect(
            try shapeJSON(shape) == """
                {"record":{"_0":"Site","_1":[{"aliases":[],"hasDefault":true,"name":"city",\
                "shape":{"string":{}}},{"aliases":[],"hasDefault":true,"name":"floor",\
                "shape":{"signed":{"bits":32}}}]}}
                """)
        #expect(try stateBytes(Site(city: "ab", floor: -2)) == [2, 97, 98, 3])
        #expect(try stateBytes(Int128(-1)) == [1])
        #expect(try stateBytes(["b": 1, "a": nil]) == [2, 1, 97, 0, 1, 98, 1, 2])
        #expect(try stateBytes(1.0) == [0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
        #expect(try stateBytes(Float(1)) == [0, 0, 0x80, 0x3f])
    }

    @Test func `reads itself from JSON`() throws {
        for shape in [
            try StateCodec<Visit>.find().shape, try StateCodec<[Int?: Profile]>.find().shape,
            try StateCodec<Change<[UInt8]>>.find().shape, .opaque("x"), .unit,
        ] {
            #expect(try shapeFromJSON(shapeJSON(shape)) == shape)
        }
    }

    @Test func `is described in short`() throws {
        #expect(
            try StateCodec<Visit>.find().shape.description
                == "Visit(id: Int, kind: String, at: Timestamp, site: Site(city: String, floor: "
                + "Int32), stops: [Site(city: String, floor: Int32)], note: String?, price: Double?, "
                + "photo: bytes)")
        #expect(
            try StateCodec<Profile>.find().shape.description == "Profile (Codable)")
        #expect(
            try StateCodec<Account1>.find().shape.description
                == "Account1(name: String, age: Int32, score: Float, address: "
                + "object(street: String) (Codable)) (Codable)")
    }

    @Test func `shows values without their types`() throws {
        func json<Value>(_ value: Value) throws -> String {
            let shape = try StateCodec<Value>.find().shape
            return try StateReader.reading(stateBytes(value)) { try shape.json(from: &$0) }
        }
        let visit = Visit(
            id: -1, kind: .drive, at: .epoch, site: Site(city: "\"ß\"", floor: 2), stops: [],
            note: nil, price: .nan, photo: [1, 2, 3])
        #expect(
            try json(visit) == """
                {"id":-1,"kind":"drive","at":"1970-01-01T00:00:00Z","site":{"city":"\\"ß\\"",\
                "floor":2},"stops":[],"note":null,"price":"NaN","photo":"AQID"}
                """)
        #expect(try json([3: [true]]) == #"{"3":[true]}"#)
        #expect(try json([Site(): -0.5]) == #"[{"key":{"city":"","floor":0},"value":-0.5}]"#)
        #expect(try json([Shape1.point, .circle(4)]) == #"["point",{"circle":4}]"#)
        #expect(try json(UInt128.max) == "340282366920938463463374607431768211455")
        #expect(try json(Account1.Address(street: "s")) == #"{"street":"s"}"#)
        #expect(try json(Float.infinity) == "\"Infinity\"")
    }
}
