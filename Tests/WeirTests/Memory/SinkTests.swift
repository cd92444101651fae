import Dispatch
import Foundation
import Testing
import Weir
import WeirCore

@Suite struct `Collect and discard sinks` {
    @Test func `gather from several writers at once, each in order`() throws {
        let sink = CollectSink<Int>()
        #expect(sink.elements == [] && sink.writeMode == .inline)
        DispatchQueue.concurrentPerform(iterations: 4) { subtask in
            var writer = sink.writer(context: .test(subtask: subtask, of: 4))
            for start in stride(from: 0, to: 1_000, by: 10) {
                var batch = Batch<Int>.of((start..<start + 10).map { subtask * 1_000 + $0 })
                #expect(throws: Never.self) { try writer.write(&batch) }
                #expect(batch.count == 0)
            }
            writer.finish()
        }
        let elements = sink.elements
        for subtask in 0..<4 {
            #expect(
                elements.filter { $0 / 1_000 == subtask }
                    == Array(subtask * 1_000..<(subtask + 1) * 1_000))
        }
    }

    @Test func `count what they discard`() {
        let sink = DiscardSink<Int>()
        DispatchQueue.concurrentPerform(iterations: 4) { subtask in
            var writer = sink.writer(context: .test(subtask: subtask, of: 4))
            for _ in 0..<100 {
                var batch = Batch<Int>.of(0..<7)
                writer.write(&batch)
                #expect(batch.count == 0)
            }
        }
        #expect(sink.count == 2_800 && sink.writeMode == .inline)
    }
}

@Suite(.timeLimit(.minutes(60))) struct `Print sink` {
    /// What `body` writes to a pipe, read to its end beside it.
    private func captured(_ body: @escaping @Sendable (Int32) throws -> Void) async throws -> String
    {
        let pipe = Pipe()
        let output = pipe.fileHandleForWriting
        async let text = blocking {
            String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        try await blocking {
            defer { try? output.close() }
            try body(output.fileDescriptor)
        }
        return try await text
    }

    private func print<Element: Sendable>(_ values: [Element], to sink: PrintSink<Element>) throws {
        var writer = sink.writer(context: .test())
        var batch = Batch<Element>.of(values)
        try writer.write(&batch)
        #expect(batch.count == 0)
        writer.finish()
    }

    @Test func `prints a line for each result`() async throws {
        struct Point { var x = 1 }
        let text = try await captured { descriptor in
            try print([1, 2], to: PrintSink(descriptor: descriptor))
            try print(["a", "é"], to: PrintSink(descriptor: descriptor))
            try print([Point()], to: PrintSink(descriptor: descriptor))
            try print([Int](), to: PrintSink(descriptor: descriptor))
            try print([3], to: PrintSink(descriptor: descriptor) { "<\($0)>" })
        }
        #expect(text == "1\n2\na\né\nPoint(x: 1)\n<3>\n")
    }

    @Test(arguments: [false, true])
    func `keeps lines and batches whole among writers`(nonblocking: Bool) async throws {
        // A batch of 400 lines is more than a pipe holds at once (64 KiB).
        let text = try await captured { descriptor in
            if nonblocking { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
            let sink = PrintSink<Int>(descriptor: descriptor) {
                String(repeating: "\($0)", count: 300)
            }
            DispatchQueue.concurrentPerform(iterations: 4) { subtask in
                var writer = sink.writer(context: .test(subtask: subtask, of: 4))
                for _ in 0..<5 {
                    var batch = Batch<Int>.of(repeatElement(subtask, count: 400))
                    #expect(throws: Never.self) { try writer.write(&batch) }
                }
            }
        }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 8_000)
        for batch in 0..<20 {
            let run = lines[batch * 400..<(batch + 1) * 400]
            #expect(Set(run).count == 1 && run.first?.count == 300)
        }
    }

    @Test func `gives an error, not a signal, when its reader has gone`() throws {
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let sink = PrintSink<Int>(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let error = #expect(throws: PrintError.self) { try print([1], to: sink) }
        let name = "descriptor \(pipe.fileHandleForWriting.fileDescriptor)"
        #expect(error == .readerGone(output: name))
        #expect(
            error?.description
                == "cannot print to \(name): its reader has closed it, as `head` does when done")
        // A second time: the first signal must not have been left pending.
        #expect(throws: PrintError.self) { try print([1], to: sink) }
    }

    @Test func `gives an error when the disk is full`() throws {
        let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
        let error = #expect(throws: PrintError.self) {
            try print([1], to: PrintSink(descriptor: full.fileDescriptor))
        }
        #expect(
            error
                == .failed(
                    output: "descriptor \(full.fileDescriptor)", reason: "No space left on device"))
    }

    @Test func `says where it prints to`() {
        #expect(PrintSink<Int>().summary == "print to standard output")
        #expect(PrintSink<Int>(descriptor: 2).summary == "print to standard error")
    }
}
