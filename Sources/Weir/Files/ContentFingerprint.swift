import WeirCore
import WeirRuntime

/// Tells whether what was read before a place in a file is still what it was: the bytes right
/// before that place, as their number and a hash of them.
///
/// A cheap check and not a proof: a file whose earlier part was changed elsewhere passes.
enum ContentFingerprint {
    /// The number of bytes that are looked at, where there are as many.
    static let length = 64

    /// The fingerprint of the bytes before a place.
    static func of(_ bytes: [UInt8]) -> [UInt8] {
        var hasher = StableHasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        var writer = StateWriter(capacity: 9)
        writer.write(byte: UInt8(clamping: bytes.count))
        writer.write(word: hasher.finalize())
        return writer.bytes
    }

    /// How many bytes `fingerprint` was made of; 0 where it is none of ours.
    static func count(_ fingerprint: [UInt8]) -> Int { Int(fingerprint.first ?? 0) }

    /// Whether `bytes`, which stand before the place, end with those that the fingerprint was made
    /// of.
    static func fits(_ fingerprint: [UInt8], _ bytes: [UInt8]) -> Bool {
        let count = count(fingerprint)
        return bytes.count >= count && of(Array(bytes.suffix(count))) == fingerprint
    }
}

extension OpenInput {
    /// Moves on to a position that a reader of the same file has given.
    ///
    /// A plain file is sought in; of a compressed one all content before the position is read again.
    ///
    /// - Returns: The bytes before the position.
    /// - Throws: ``FileError/notReplayable(path:)``; ``FileError/shortened(path:length:position:)`` or
    ///   ``FileError/changed(path:position:)`` when the file is not the one that was read.
    func move(to position: SplitPosition, path: String) throws -> [UInt8] {
        guard !file.isLive else { throw FileError.notReplayable(path: path) }
        let before =
            compression == .plain
            ? try seek(to: position, path: path) : try skip(to: position, path: path)
        guard ContentFingerprint.fits(position.details, before) else {
            throw FileError.changed(path: path, position: position.offset)
        }
        return before
    }

    private func seek(to position: SplitPosition, path: String) throws -> [UInt8] {
        let size = try file.size()
        guard size >= position.offset else {
            throw FileError.shortened(path: path, length: size, position: position.offset)
        }
        let wanted = min(position.offset, Int64(ContentFingerprint.length))
        try file.seek(to: position.offset - wanted)
        guard wanted > 0 else { return [] }
        var before = [UInt8](repeating: 0, count: Int(wanted))
        var found = 0
        while found < before.count {
            let count = try file.read(into: &before, from: found)
            if count == 0 {
                throw FileError.shortened(
                    path: path, length: position.offset - wanted + Int64(found),
                    position: position.offset)
            }
            found += count
        }
        return before
    }

    private func skip(to position: SplitPosition, path: String) throws -> [UInt8] {
        var tail: [UInt8] = []
        var left = position.offset
        while left > 0 {
            var buffer = [UInt8](repeating: 0, count: Int(min(left, 64 << 10)))
            let found = try bytes.read(into: &buffer, from: 0)
            if found == 0 {
                throw FileError.shortened(
                    path: path, length: position.offset - left, position: position.offset)
            }
            left -= Int64(found)
            tail = Array((tail + buffer[..<found]).suffix(ContentFingerprint.length))
        }
        return tail
    }
}
