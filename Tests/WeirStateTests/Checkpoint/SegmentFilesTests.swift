import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `Segment files` {
    private let files = SimulatedDisk()
    private let name = String(repeating: "0", count: 32)
    private var path: String { CheckpointPath.segment("/job", name) }

    /// A segment with one block, whose reference claims another unpacked length.
    private func read(_ block: [UInt8], rawLength: Int) throws -> [UInt8] {
        try files.makeDirectories("/job/segments")
        let file = try files.create(path)
        try file.append(SegmentFormat.header + block)
        let segment = SegmentManifest(
            number: 0, name: name, bytes: 8 + block.count, liveBytes: block.count, epoch: Epoch(1))
        let reading = SegmentFiles([segment], root: "/job", fileSystem: files)
        return try reading.read(
            BlockReference(
                segment: 0, offset: 8, length: block.count, rawLength: rawLength,
                checksum: ContentHash(of: block).low))
    }

    @Test func `gives a raw block as it is`() throws {
        #expect(try read([1, 2, 3], rawLength: 3) == [1, 2, 3])
    }

    @Test func `refuses a packed block that cannot be unpacked, without taking memory for it`() {
        #if LZ4
            let expected = CheckpointStorageError.corrupt(
                path: path, reason: "the block at 8 cannot be unpacked")
        #else
            let expected = CheckpointStorageError.compressionUnavailable(path: path)
        #endif
        #expect(throws: expected) { try read([1, 2, 3], rawLength: 4) }
        #expect(throws: expected) { try read([1, 2, 3], rawLength: 1 << 60) }
    }

    @Test func `refuses references that lead out of the file`() {
        let reading = SegmentFiles(
            [SegmentManifest(number: 1, name: name, bytes: 20, liveBytes: 12, epoch: Epoch(1))],
            root: "/job", fileSystem: files)
        func contains(_ segment: Int, _ offset: Int, _ length: Int, _ rawLength: Int) -> Bool {
            reading.contains(
                BlockReference(
                    segment: segment, offset: offset, length: length, rawLength: rawLength,
                    checksum: 0))
        }
        #expect(contains(1, 8, 12, 12) && contains(1, 20, 0, 0))
        #expect(!contains(0, 8, 12, 12) && !contains(1, 7, 5, 5) && !contains(1, 9, 12, 12))
        #expect(!contains(1, 8, 6, 5) && !contains(1, 8, -1, 5) && !contains(1, -8, 1, 1))
        #expect(!contains(1, .max, .max, .max) && !contains(1, .max, 1, 1))
    }
}
