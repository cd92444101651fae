import Foundation
import GRDB
import Testing
import WeirCore
import WeirSQLite

struct Place: WeirCore.Record, Equatable {
    var city = ""
    var height = 0

    static let schema = Schema(Place.init) {
        Field("city", \.city)
        Field("height", \.height)
    }
}

struct AllTypes: WeirCore.Record, Equatable {
    var flag = false
    var tiny: Int8 = 0
    var large: Int64 = 0
    var unsigned: UInt64 = 0
    var single: Float = 0
    var double = 0.0
    var text = ""
    var bytes: [UInt8] = []
    var time = Timestamp.epoch
    var tags: [String] = []
    var place = Place()
    var note: String?
    var level: Double?

    static let schema = Schema(AllTypes.init) {
        Field("flag", \.flag)
        Field("tiny", \.tiny)
        Field("large", \.large)
        Field("unsigned", \.unsigned)
        Field("single", \.single)
        Field("double", \.double)
        Field("text", \.text)
        Field("bytes", \.bytes)
        Field("time", \.time)
        Field("tags", \.tags)
        Field("place", \.place)
        Field("note", \.note)
        Field("level", \.level)
    }

    static let full = AllTypes(
        flag: true, tiny: -128, large: .min, unsigned: UInt64(Int64.max), single: 0.5,
        double: 1.7976931348623157e308, text: "naïve \"quote\" 'n' 🛫",
        bytes: [0, 255, 1], time: Timestamp(seconds: 1_357_034_400), tags: ["a", "b\"c"],
        place: Place(city: "Köln", height: 53), note: "", level: -.infinity)
}

@Suite struct `Types in an SQLite table` {
    let directory: TemporaryDirectory
    let path: String
    let table: SQLiteTable<AllTypes>
    static let command = URL(filePath: "/usr/bin/sqlite3")
    static let hasCommand = FileManager.default.isExecutableFile(atPath: command.path)

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("types.db")
        table = SQLiteTable(appendingTo: path, table: "types")
    }

    @Test func `are stored as the closest that SQLite has`() throws {
        try table.write([.full, AllTypes()])
        #expect(
            try fetch(path, "SELECT * FROM types") == [
                values(
                    1, -128, Int64.min, Int64.max, 0.5, 1.7976931348623157e308,
                    "naïve \"quote\" 'n' 🛫", Data([0, 255, 1]), "2013-01-01T10:00:00Z",
                    #"["a","b\"c"]"#, #"{"city":"Köln","height":53}"#, "", -Double.infinity),
                values(
                    0, 0, 0, 0, 0.0, 0.0, "", Data(), "1970-01-01T00:00:00Z", "[]",
                    #"{"city":"","height":0}"#, nil, nil),
            ])
    }

    @Test func `keep text whole that contains a zero`() throws {
        var row = AllTypes()
        row.text = "be\0fore"
        try table.write([row])
        #expect(
            try fetch(path, "SELECT CAST(text AS BLOB) FROM types")
                == [values(Data("be\0fore".utf8))])
    }

    @Test func `are declared in the table with their nullability`() throws {
        try table.write([])
        let sql =
            "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\", ', ') "
            + "FROM pragma_table_info('types')"
        #expect(
            try fetch(path, sql) == [
                values(
                    "flag INTEGER 1, tiny INTEGER 1, large INTEGER 1, unsigned INTEGER 1, "
                        + "single REAL 1, double REAL 1, text TEXT 1, bytes BLOB 1, time TEXT 1, "
                        + "tags TEXT 1, place TEXT 1, note TEXT 0, level REAL 0")
            ])
    }

    @Test(.enabled(if: Self.hasCommand, "the sqlite3 command is not installed"))
    func `read the same through the sqlite3 command`() throws {
        var row = AllTypes.full
        row.text = "naïve 🛫"
        row.level = nil
        try table.write([row])
        let process = Process()
        process.executableURL = Self.command
        process.arguments = [
            "-nullvalue", "NULL", path,
            "SELECT flag, tiny, large, unsigned, single, text, hex(bytes), time, tags, place, level, "
                + "typeof(double) FROM types",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(
            text == "1|-128|-9223372036854775808|9223372036854775807|0.5|naïve 🛫|00FF01|"
                + "2013-01-01T10:00:00Z|[\"a\",\"b\\\"c\"]|{\"city\":\"Köln\",\"height\":53}|NULL|real\n"
        )
    }

    @Test func `refuse an integer above the largest that SQLite has`() throws {
        var row = AllTypes()
        row.unsigned = UInt64(Int64.max) + 1
        let error = sinkError { try table.write([row]) }
        #expect(
            error?.description == """
                SQLite table "types" in \(path): field "unsigned": 9223372036854775808 is larger \
                than 9223372036854775807, the largest integer that SQLite has. Make the field a \
                string, or a smaller integer.
                """)
        #expect(try fetch(path, "SELECT count(*) FROM types") == [values(0)])
    }

    @Test func `take NaN as missing where a value may be missing, and refuse it elsewhere`() throws
    {
        var row = AllTypes()
        row.level = .nan
        try table.write([row])
        #expect(try fetch(path, "SELECT level FROM types") == [values(nil)])
        row.double = .nan
        #expect(
            sinkError { try table.write([row]) }
                == .unrepresentable(
                    path: path, table: "types", field: "double",
                    reason: "the value is not a number, which SQLite keeps as a missing value. "
                        + "Filter such records out, or make the field optional."))
    }

    @Test func `name the record that cannot be stored`() throws {
        var row = AllTypes()
        row.double = .nan
        row.text = "the culprit"
        let error = #expect(throws: WeirCore.RecordError.self) {
            try table.write([AllTypes(), row])
        }
        #expect(error?.record.contains("the culprit") == true)
        // The record before it was in the same transaction.
        #expect(try fetch(path, "SELECT count(*) FROM types") == [values(0)])
    }
}
