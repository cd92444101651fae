import Dispatch
import Foundation
import Testing
import WeirCore
import WeirRuntime

@Suite struct `Bad record handler` {
    private func record(_ text: String, line: Int = 3) -> BadRecord {
        BadRecord(origin: "a.csv", line: line, offset: 40, reason: "wrong", bytes: Array(text.utf8))
    }

    @Test func `that fails does so at the first record`() throws {
        let handler = try makeBadRecordHandler(
            policy: .fail, operatorName: "trips")
        #expect(throws: BadRecordError.stopped(record("x"), operatorName: "trips")) {
            try handler.handle(record("x"))
        }
    }

    @Test func `that skips does so up to its limit, then fails`() throws {
        let handler = try makeBadRecordHandler(
            policy: .skip(limit: 2), operatorName: "trips")
        try handler.handle(record("x"))
        try handler.handle(record("y"))
        let error = #expect(throws: BadRecordError.self) { try handler.handle(record("z")) }
        #expect(
            error?.description == "'trips' passed over 2 bad records, as many as `.skip(limit: 2)` "
                + "allows, and then read another: a.csv, line 3 (byte 40): wrong. The record is: z. "
                + "Mend the input, raise the limit, or set such records aside with "
                + "`onBadRecord: .deadLetter`.")
        #expect(throws: BadRecordError.negativeLimit(-1, operatorName: "trips")) {
            try makeBadRecordHandler(
                policy: .skip(limit: -1), operatorName: "trips")
        }
    }

    @Test func `ends a line that was cut off before it adds its own`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(#"{"origin":"a"}"# + "\n" + #"{"orig"#, to: "bad.jsonl")
        for _ in 0..<2 {
            let handler = try makeBadRecordHandler(
                policy: .deadLetter(path: path), operatorName: "trips")
            try handler.handle(record("x"))
        }
        let lines = try directory.text(of: "bad.jsonl").split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 5)
        #expect(lines[..<2] == [#"{"origin":"a"}"#, #"{"orig"#])
        #expect(lines[2].hasPrefix(#"{"origin":"a.csv","line":3,"#))
        #expect(lines[2] == lines[3])
        #expect(lines[4] == "")
    }

    @Test func `sets records aside as lines of JSON, from the first one on`() throws {
        let directory = try TemporaryDirectory()
        let path = directory("deep/down/bad.jsonl")
        let handler = try makeBadRecordHandler(
            policy: .deadLetter(path: path), operatorName: "trips")
        #expect(try directory.names == [])
        let records = [
            BadRecord(
                origin: "a\"b\\.csv", line: 1, offset: 0, reason: "tab\t\u{1}",
                bytes: Array("é,\n\"x\"".utf8)),
            BadRecord(origin: "b", line: 2, offset: 9, reason: "é", bytes: [0xff, 0x00]),
            BadRecord(origin: "b", line: 3, offset: 12, reason: "none", bytes: []),
            BadRecord(origin: "b", line: 4, offset: 12, reason: "long", bytes: [1, 2, 3, 4]),
        ]
        for record in records { try handler.handle(record) }
        let text = try directory.text(of: "deep/down/bad.jsonl")
        #expect(
            text == #"""
                {"origin":"a\"b\\.csv","line":1,"offset":0,"reason":"tab\t\u0001","text":"é,\n\"x\"","base64":"w6ksCiJ4Ig=="}
                {"origin":"b","line":2,"offset":9,"reason":"é","base64":"/wA="}
                {"origin":"b","line":3,"offset":12,"reason":"none","text":"","base64":""}
                {"origin":"b","line":4,"offset":12,"reason":"long","text":"\u0001\u0002\u0003\u0004","base64":"AQIDBA=="}

                """#)
        // Foundation reads the same out of it.
        for (line, record) in zip(text.split(separator: "\n"), records) {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(object["origin"] as? String == record.origin)
            #expect(object["reason"] as? String == record.reason)
            let raw = try #require(object["base64"] as? String)
            #expect(Data(base64Encoded: raw).map { [UInt8]($0) } == record.bytes)
        }
    }

    @Test func `adds to the dead letters of an earlier run`() throws {
        let directory = try TemporaryDirectory()
        let policy = BadRecordPolicy.deadLetter(path: directory("bad.jsonl"))
        for text in ["x", "y"] {
            try makeBadRecordHandler(policy: policy, operatorName: "trips")
                .handle(record(text))
        }
        #expect(try directory.text(of: "bad.jsonl").split(separator: "\n").count == 2)
    }

    @Test func `writes whole lines when many threads call it`() throws {
        let directory = try TemporaryDirectory()
        let handler = try makeBadRecordHandler(
            policy: .deadLetter(path: directory("bad.jsonl")), operatorName: "trips")
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            for index in 0..<100 {
                do {
                    try handler.handle(record("row \(thread) \(index)", line: thread * 100 + index))
                } catch {
                    Issue.record(error)
                }
            }
        }
        let lines = try directory.text(of: "bad.jsonl").split(separator: "\n").map {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
        #expect(Set(lines.compactMap { $0?["line"] as? Int }) == Set(0..<800))
    }

    @Test func `stops rather than lose a record that cannot be set aside`() throws {
        let full = try makeBadRecordHandler(
            policy: .deadLetter(path: "/dev/full"), operatorName: "trips")
        let error = #expect(throws: BadRecordError.self) { try full.handle(record("x")) }
        #expect(
            error?.description
                == "'trips' could not write a dead letter, and so stopped rather than "
                + "lose the record: cannot write to /dev/full: No space left on device. Free some "
                + "space there, or name a path on another disk. The record: a.csv, line 3 (byte 40): "
                + "wrong. The record is: x")
    }

    @Test func `refuses a directory as its file, and a file above it`() throws {
        let directory = try TemporaryDirectory()
        #expect(
            throws: FileSystemError(action: "append to", path: directory.path, code: EISDIR)
        ) {
            try makeBadRecordHandler(
                policy: .deadLetter(path: directory.path), operatorName: "trips")
        }
        try directory.write("", to: "file")
        let error = #expect(throws: FileSystemError.self) {
            try makeBadRecordHandler(
                policy: .deadLetter(path: directory("file/bad.jsonl")), operatorName: "trips")
        }
        #expect(error?.code == ENOTDIR)
    }

    @Test func `names its file after the operator`() {
        #expect(deadLetterPath(for: "trips") == "dead-letters/trips.jsonl")
        #expect(deadLetterPath(for: "../a/b") == "dead-letters/.._a_b.jsonl")
    }
}
