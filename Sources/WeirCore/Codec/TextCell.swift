/// One cell of delimited text, unquoted: bytes that are lent for the length of a call.
public struct TextCell {
    // SAFETY: made by the CSV decoder around a cell of the line that it was lent, handed only to
    // `readField(text:)`, which returns before the line is given back. Not public, so that no
    // conformance outside can keep it.
    @usableFromInline let bytes: UnsafeBufferPointer<UInt8>

    @inlinable init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }
}

extension UnsafeBufferPointer<UInt8> {
    /// Where the bytes start and end: some address twice where there are none.
    var bounds: (start: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
        let start = baseAddress ?? Self.nowhere
        return (start, start + count)
    }

    // SAFETY: an address to compare with, immutable and never read; one byte, never freed.
    nonisolated(unsafe) private static let nowhere = UnsafePointer(
        UnsafeMutablePointer<UInt8>.allocate(capacity: 1))
}
