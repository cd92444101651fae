import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `List of blocks` {
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `reads what was written`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let blocks = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
            let rawLength = Int.random(in: 0..<1 << 30, using: &random)
            return ListedBlock(
                id: .random(in: 0 ... .max, using: &random),
                reference: BlockReference(
                    segment: .random(in: 0..<5, using: &random),
                    offset: .random(in: 8..<1 << 40, using: &random),
                    length: .random(in: 0...rawLength, using: &random), rawLength: rawLength,
                    checksum: random.next()))
        }
        let bytes = BlockList.encode(blocks)
        #expect(try BlockList.decode(bytes) == blocks)
        for length in bytes.indices {
            #expect(throws: StateFormatError.self) { try BlockList.decode(Array(bytes[..<length])) }
        }
    }

    @Test func `does not fail on any bytes`() {
        var random = SeededGenerator(seed: 5)
        var read = 0
        for _ in 0..<20_000 {
            var bytes = (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
            bytes[0] = UInt8.random(in: 0...3, using: &random)
            if (try? BlockList.decode(bytes)) != nil { read += 1 }
        }
        #expect(read < 20_000)
    }

    @Test func `takes at most 17 bytes for a block of a table`() {
        var random = SeededGenerator(seed: 6)
        var ends = [8, 8]
        let blocks = (0..<1000).map { id in
            // Every twentieth has changed, and lies in the newer segment.
            let segment = id % 20 == 0 ? 1 : 0
            let length = Int.random(in: 3000..<5000, using: &random)
            defer { ends[segment] += length + (id % 7 == 0 ? length : 0) }
            return ListedBlock(
                id: UInt64(id),
                reference: BlockReference(
                    segment: segment, offset: ends[segment], length: length, rawLength: 10_240,
                    checksum: random.next()))
        }
        #expect(BlockList.encode(blocks).count <= 17 * blocks.count)
    }
}

@Suite struct `Content hash` {
    @Test func `does not depend on the pieces`() {
        var random = SeededGenerator(seed: 4)
        let bytes = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
        for count in [0, 1, 7, 8, 9, 63, 200] {
            let whole = Array(bytes[..<count])
            var hasher = ContentHasher()
            var rest = whole[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...20, using: &random))
                hasher.combine(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            #expect(hasher.finalize() == ContentHash(of: whole))
            #expect(
                whole.withUnsafeBytes { ContentHasher.checksum($0) } == ContentHash(of: whole).low)
        }
    }

    /// Computed by a program of ten lines in another language, from the description in the manual.
    @Test(arguments: [
        ("", "54ebf1a1ffada0b2f5fa8ed0d2ef9536"),
        ("a", "02872a511086b23f6014c7a6f0a8502f"),
        ("12345678", "94936188134fdc13fc9e9e56da9c51e8"),
        ("The quick brown fox jumps over the lazy dog", "c28643ee7737062b7161df211359a893"),
    ])
    func `is the documented one`(text: String, expected: String) {
        #expect(ContentHash(of: Array(text.utf8)).text == expected)
    }

    @Test func `differs for every single bit that differs`() {
        let bytes = [UInt8](repeating: 0x5a, count: 100)
        let hash = ContentHash(of: bytes)
        for bit in 0..<800 {
            var other = bytes
            other[bit / 8] ^= 1 << (bit % 8)
            let changed = ContentHash(of: other)
            #expect(changed.low != hash.low && changed.high != hash.high)
        }
    }
}
