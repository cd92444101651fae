#if LZ4
    import CLZ4
#endif

/// Packs blocks with LZ4, where the build has it.
///
/// Source: LZ4 Block Format Description; `lz4.h`.
enum BlockCompression {
    #if LZ4
        static let isAvailable = true
    #else
        static let isAvailable = false
    #endif

    /// Packs `block` into `packed`.
    ///
    /// - Returns: Whether it became shorter; otherwise `packed` is left empty.
    static func pack(_ block: [UInt8], into packed: inout [UInt8]) -> Bool {
        packed.removeAll(keepingCapacity: true)
        #if LZ4
            guard block.count > 16, block.count <= Int(LZ4_MAX_INPUT_SIZE) else { return false }
            // No room for more than it had: LZ4 answers 0 when it does not fit.
            packed = pack(block, room: block.count - 1)
            return !packed.isEmpty
        #else
            return false
        #endif
    }

    #if LZ4
        private static func pack(_ block: [UInt8], room: Int) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
                // SAFETY: both lengths bound the call.
                block.withUnsafeBytes { source in
                    let count = LZ4_compress_default(
                        source.baseAddress?.assumingMemoryBound(to: CChar.self),
                        UnsafeMutableRawPointer(buffer.baseAddress)?
                            .assumingMemoryBound(to: CChar.self),
                        CInt(source.count), CInt(room))
                    filled = max(0, Int(count))
                }
            }
        }
    #endif

    /// Unpacks a block.
    ///
    /// - Returns: `nil` unless it is a block that unpacks to exactly `rawLength` bytes.
    static func unpack(_ packed: [UInt8], rawLength: Int) -> [UInt8]? {
        #if LZ4
            // LZ4 packs at most 255 to 1: no memory is taken for a length that cannot be.
            guard rawLength <= packed.count * 255, rawLength <= Int(LZ4_MAX_INPUT_SIZE) else {
                return nil
            }
            var isWhole = false
            let block = [UInt8](unsafeUninitializedCapacity: rawLength) { buffer, filled in
                // SAFETY: `LZ4_decompress_safe` reads and writes within the two lengths.
                packed.withUnsafeBytes { source in
                    let count = LZ4_decompress_safe(
                        source.baseAddress?.assumingMemoryBound(to: CChar.self),
                        UnsafeMutableRawPointer(buffer.baseAddress)?
                            .assumingMemoryBound(to: CChar.self),
                        CInt(source.count), CInt(rawLength))
                    filled = max(0, Int(count))
                    isWhole = Int(count) == rawLength
                }
            }
            return isWhole ? block : nil
        #else
            return nil
        #endif
    }
}
