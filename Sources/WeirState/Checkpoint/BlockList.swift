import WeirCore

/// A block of a part: its identity, and where it lies.
struct ListedBlock: Hashable, Sendable {
    let id: UInt64
    let reference: BlockReference
}

/// The blocks of one part of one subtask, in the order of its snapshot, as bytes.
///
/// A varint with their number, then for each: its id less the one before; its segment's number less
/// the one before; its offset less the end of the block listed before it in the same segment (at
/// first ``SegmentFormat/headerLength``); these three as zigzag varints; its unpacked length, and
/// how much shorter it is in the file, as varints; its checksum, eight bytes, little-endian. That
/// comes to 13 to 17 bytes for a block of 10 KB.
enum BlockList {
    /// The bytes of a list.
    static func encode(_ blocks: [ListedBlock]) -> [UInt8] {
        var writer = StateWriter(capacity: 10 + blocks.count * 17)
        writer.write(varint: UInt64(blocks.count))
        var place = Place()
        for block in blocks {
            let reference = block.reference
            writer.write(signed: Int64(bitPattern: block.id &- place.id))
            writer.write(signed: Int64(reference.segment - place.segment))
            writer.write(signed: Int64(reference.offset - place.end(reference.segment)))
            writer.write(varint: UInt64(reference.rawLength))
            writer.write(varint: UInt64(reference.rawLength - reference.length))
            writer.write(word: reference.checksum)
            place.advance(to: block)
        }
        return writer.bytes
    }

    /// The list in `bytes`.
    ///
    /// - Throws: ``StateFormatError`` for anything that ``encode(_:)`` would not write.
    static func decode(_ bytes: [UInt8]) throws(StateFormatError) -> [ListedBlock] {
        do {
            return try StateReader.reading(bytes) { reader in
                let blocks = try blocks(&reader)
                if reader.left > 0 { throw StateFormatError("a list of blocks is too long") }
                return blocks
            }
        } catch let error as StateFormatError {
            throw error
        } catch {
            throw StateFormatError("\(error)")
        }
    }

    private static func blocks(
        _ reader: inout StateReader
    ) throws(StateFormatError) -> [ListedBlock] {
        let count = try reader.readCount(atLeast: 13)
        var blocks: [ListedBlock] = []
        blocks.reserveCapacity(count)
        var place = Place()
        for _ in 0..<count {
            let id = place.id &+ UInt64(bitPattern: try reader.readSigned())
            let segment = place.segment &+ Int(try reader.readSigned())
            let offset = place.end(segment) &+ Int(try reader.readSigned())
            let rawLength = try length(&reader), saved = try length(&reader)
            let checksum = try reader.readWord()
            guard segment >= 0, offset >= 0, offset < Int.max / 2, saved <= rawLength else {
                throw StateFormatError("a list of blocks has an impossible entry")
            }
            let block = ListedBlock(
                id: id,
                reference: BlockReference(
                    segment: segment, offset: offset, length: rawLength - saved,
                    rawLength: rawLength, checksum: checksum))
            blocks.append(block)
            place.advance(to: block)
        }
        return blocks
    }

    private static func length(_ reader: inout StateReader) throws(StateFormatError) -> Int {
        let length = try reader.readVarint()
        guard length < UInt64(Int.max / 2) else { throw StateFormatError.truncated() }
        return Int(length)
    }

    /// What the next entry is written relative to.
    private struct Place {
        var id: UInt64 = 0
        var segment = 0
        private var ends: [Int: Int] = [:]
        // The end in `segment`, out of the dictionary while entries stay in it.
        private var currentEnd = SegmentFormat.headerLength

        func end(_ other: Int) -> Int {
            other == segment ? currentEnd : ends[other] ?? SegmentFormat.headerLength
        }

        mutating func advance(to block: ListedBlock) {
            id = block.id
            if block.reference.segment != segment {
                ends[segment] = currentEnd
                segment = block.reference.segment
            }
            currentEnd = block.reference.end
        }
    }
}

/// The form of a segment's file: the eight bytes of ``header``, then blocks, one after another.
enum SegmentFormat {
    static let header = Array("WEIRSEG1".utf8)
    static let headerLength = 8
}
