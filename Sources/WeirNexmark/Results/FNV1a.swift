/// The hash of a row's text: FNV-1a with 64 bits.
///
/// Source: Fowler, Noll, Vo; RFC 9923.
enum FNV1a {
    private static let offset: UInt64 = 0xcbf2_9ce4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01b3

    static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        fold(bytes[...], into: offset)
    }

    /// Adds up the hashes of rows that stand one behind the other, four at a time.
    ///
    /// Each byte's multiplication waits for the one before, four cycles; of four rows side by side
    /// one is done every cycle.
    ///
    /// - Parameter ends: Where each row ends, and thus the next one starts.
    /// - Returns: The wrapping sum.
    static func sum(_ bytes: UnsafeBufferPointer<UInt8>, ends: [Int]) -> UInt64 {
        var sum: UInt64 = 0
        var start = 0
        var row = 0
        while row + 4 <= ends.count {
            sum &+= sumOfFour(
                bytes, start..<ends[row], ends[row]..<ends[row + 1],
                ends[row + 1]..<ends[row + 2], ends[row + 2]..<ends[row + 3])
            start = ends[row + 3]
            row += 4
        }
        for end in ends[row...] {
            sum &+= fold(bytes[start..<end], into: offset)
            start = end
        }
        return sum
    }

    private static func fold(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, into seed: UInt64)
        -> UInt64
    {
        var hash = seed
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* prime }
        return hash
    }

    private static func sumOfFour(
        _ bytes: UnsafeBufferPointer<UInt8>, _ first: Range<Int>, _ second: Range<Int>,
        _ third: Range<Int>, _ fourth: Range<Int>
    ) -> UInt64 {
        var (one, two, three, four) = (offset, offset, offset, offset)
        let shared = min(min(first.count, second.count), min(third.count, fourth.count))
        for index in 0..<shared {
            one = (one ^ UInt64(bytes[first.lowerBound &+ index])) &* prime
            two = (two ^ UInt64(bytes[second.lowerBound &+ index])) &* prime
            three = (three ^ UInt64(bytes[third.lowerBound &+ index])) &* prime
            four = (four ^ UInt64(bytes[fourth.lowerBound &+ index])) &* prime
        }
        return fold(bytes[first.dropFirst(shared)], into: one)
            &+ fold(bytes[second.dropFirst(shared)], into: two)
            &+ fold(bytes[third.dropFirst(shared)], into: three)
            &+ fold(bytes[fourth.dropFirst(shared)], into: four)
    }
}
