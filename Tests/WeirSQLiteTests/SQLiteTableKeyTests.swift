import GRDB
import Testing
import WeirCore
import WeirSQLite

/// What `.sink(to:)` does with its argument: the element type comes from the stream.
private func accept<S: Sink>(_ sink: S, for _: CodableDelay.Type) -> String
where S.Element == CodableDelay {
    sink.summary
}

private func acceptAny<Element>(_ sink: some Sink<Element>, for _: Element.Type) -> String {
    sink.summary
}

private struct Renamed: Codable, Sendable {
    var city: String
    var count: Int

    enum CodingKeys: String, CodingKey { case city = "town", count }
}

private struct Nested: WeirCore.Record {
    var place = Place()
    var time = Timestamp.epoch
    var doubled: Int { place.height * 2 }

    static let schema = Schema(Nested.init) {
        Field("place", \.place)
        Field("time", \.time)
    }
}

/// A record that is `Codable` besides, under other names.
private struct Both: WeirCore.Record, Codable {
    var id = 0
    var text = ""

    static let schema = Schema(Both.init) {
        Field("identifier", \.id)
        Field("text", \.text)
    }
}

@Suite struct `The key of an SQLite table` {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("keys.db")
    }

    @Test func `is given by key paths, the type coming from the stream`() {
        #expect(
            acceptAny(SQLiteTable("o.db", table: "t", key: \.origin, \.hour), for: Delay.self)
                == "SQLite table t in o.db, upserted by origin, hour_start")
        #expect(
            accept(SQLiteTable("o.db", table: "t", key: \.origin, \.hour), for: CodableDelay.self)
                == "SQLite table t in o.db, upserted by origin, hour")
    }

    @Test func `is handed on by a function`() {
        func table<R: WeirCore.Record>(
            _ name: String, key first: PartialKeyPath<R>, _ rest: PartialKeyPath<R>...
        ) -> SQLiteTable<R> {
            SQLiteTable("o.db", table: name, keys: [first] + rest)
        }
        #expect(
            acceptAny(table("t", key: \.origin, \.hour), for: Delay.self)
                == "SQLite table t in o.db, upserted by origin, hour_start")
        let codable = SQLiteTable<CodableDelay>("o.db", table: "t", keys: [\.hour, \.origin])
        #expect(codable.key == ["hour", "origin"])
    }

    @Test func `is given by names, the type coming from the stream`() {
        #expect(
            acceptAny(SQLiteTable("o.db", table: "t", key: "origin"), for: Delay.self)
                == "SQLite table t in o.db, upserted by origin")
        #expect(
            acceptAny(
                SQLiteTable("o.db", table: "t", key: "hour", "origin", existing: .replace),
                for: CodableDelay.self) == "SQLite table t in o.db, upserted by hour, origin")
    }

    @Test func `is absent where rows are appended`() {
        #expect(
            acceptAny(SQLiteTable(appendingTo: "o.db", table: "t"), for: Delay.self)
                == "SQLite table t in o.db, appended")
        #expect(
            acceptAny(SQLiteTable(appendingTo: "o.db", table: "t"), for: CodableDelay.self)
                == "SQLite table t in o.db, appended")
    }

    @Test func `is not needed for the guarantee`() {
        #expect(SQLiteTable<Delay>("o.db", table: "t", key: \.origin).guarantee == .transactional)
        #expect(SQLiteTable<Delay>(appendingTo: "o.db", table: "t").guarantee == .transactional)
    }

    @Test func `has the schema's names for a record that is Codable besides`() {
        let table = SQLiteTable<Both>(path, table: "t", key: \.id)
        #expect(table.key == ["identifier"])
        #expect(table.fields.map(\.name) == ["identifier", "text"])
    }

    @Test func `names the fields there are when it names none of them`() {
        let table = SQLiteTable<CodableDelay>(path, table: "t", key: "origin", "huor")
        let error = sinkError { try table.validate() }
        #expect(
            error?.description == """
                SQLite table "t" in \(path): the key huor is no field of the records, which have \
                "origin", "hour", "flights", "mean". Name one of these, as the outside world knows it.
                """)
        #expect(sinkError { _ = try table.writer(context: .test) } == error)
        #expect(!directory.contains("keys.db"))
    }

    @Test func `is refused when it is a computed property or one of a property`() {
        let fields = ["place", "time"]
        let nested = SQLiteTable<Nested>(path, table: "t", key: \.place.city)
        #expect(
            sinkError { try nested.validate() }
                == .unknownKey(path: path, table: "t", key: "\\Nested.place.city", fields: fields))
        let computed = SQLiteTable<Nested>(path, table: "t", key: \.doubled)
        guard case .unknownKey(_, _, _, fields) = sinkError({ try computed.validate() }) else {
            Issue.record("a computed key was not refused")
            return
        }
    }

    @Test func `is refused when the property of a Codable type is coded under another name`() throws
    {
        let table = SQLiteTable<Renamed>(path, table: "t", key: \.city)
        #expect(
            sinkError { try table.validate() }
                == .unknownKey(
                    path: path, table: "t", key: "\\Renamed.city", fields: ["town", "count"]))
        try SQLiteTable<Renamed>(path, table: "t", key: "town").write([Renamed(city: "a", count: 1)]
        )
        #expect(try fetch(path, "SELECT town, count FROM t") == [values("a", 1)])
    }

    @Test func `is needed where rows are upserted`() {
        #expect(
            sinkError { try SQLiteTable<Delay>(path, table: "t", keys: []).validate() }
                == .noKey(path: path, table: "t"))
    }

    @Test func `is refused when it may be missing or is named twice`() {
        #expect(
            sinkError { try SQLiteTable<Delay>(path, table: "t", key: \.mean).validate() }
                == .optionalKey(path: path, table: "t", key: "mean_delay"))
        #expect(
            sinkError { try SQLiteTable<Delay>(path, table: "t", key: \.hour, \.hour).validate() }
                == .repeatedKey(path: path, table: "t", key: "hour_start"))
    }
}

@Suite struct `The name of an SQLite table` {
    @Test(arguments: ["", "sqlite_stat1", "SQLITE_x"])
    func `is refused where SQLite has none such`(name: String) {
        #expect(
            sinkError { try SQLiteTable<Delay>("o.db", table: name, key: \.origin).validate() }
                == .invalidTable(path: "o.db", table: name))
    }

    @Test(arguments: ["", ":memory:"])
    func `is refused in a database that nobody else could read`(path: String) {
        #expect(
            sinkError { try SQLiteTable<Delay>(path, table: "t", key: \.origin).validate() }
                == .invalidPath(path: path, table: "t"))
    }

    @Test func `may have any characters, and so may the columns`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("odd name's.db")
        let table = SQLiteTable<Odd>(path, table: "select \"x\"; --", key: "group \"by\"")
        try table.validate()
        try table.write([Odd(first: "a", second: 1), Odd(first: "a", second: 2)])
        try table.validate()
        #expect(
            try fetch(path, "SELECT \"group \"\"by\"\"\", \"order\" FROM \"select \"\"x\"\"; --\"")
                == [values("a", 2)])
    }

    @Test func `stands for columns that differ by more than case`() {
        let table = SQLiteTable<SameButForCase>(appendingTo: "o.db", table: "t")
        #expect(
            sinkError { try table.validate() }
                == .repeatedColumn(path: "o.db", table: "t", fields: ["Name", "name"]))
    }
}

private struct Odd: WeirCore.Record {
    var first = ""
    var second = 0

    static let schema = Schema(Odd.init) {
        Field("group \"by\"", \.first)
        Field("order", \.second)
    }

    init() {}
    init(first: String, second: Int) {
        self.first = first
        self.second = second
    }
}

private struct SameButForCase: WeirCore.Record {
    var first = ""
    var second = ""

    static let schema = Schema(SameButForCase.init) {
        Field("Name", \.first)
        Field("name", \.second)
    }
}
