import Testing

@testable import WeirSQLite

@Suite struct `A path` {
    @Test(arguments: [
        ("out.db", "."), ("./out.db", "."), ("a/out.db", "a"), ("a//out.db", "a"), ("a/b/", "a"),
        ("/out.db", "/"), ("//out.db", "/"), ("/a/b/out.db", "/a/b"), ("../out.db", ".."),
        ("a/..", "a"), (".", "."), ("/", "/"),
    ])
    func `lies in the directory before its last slash`(path: String, parent: String) {
        #expect(path.parentDirectory == parent)
    }
}

@Suite struct `The wait for a lock` {
    @Test(arguments: [
        (Duration.zero, Int32(0)), (.milliseconds(20), 20), (.seconds(5), 5_000), (.seconds(-1), 0),
        (.seconds(Int64.max), Int32.max),
    ])
    func `is told to SQLite in milliseconds, within its bounds`(wait: Duration, told: Int32) {
        #expect(wait.busyMilliseconds == told)
    }
}
