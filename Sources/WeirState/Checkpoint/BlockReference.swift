/// Where a block lies, and what it must be.
public struct BlockReference: Hashable, Sendable {
    /// The number of its segment in the manifest's ``CheckpointManifest/segments``.
    public let segment: Int
    /// Where it begins in the segment's file. Unit: bytes.
    public let offset: Int
    /// Its length in the file, and unpacked; equal when it is not compressed. Unit: bytes.
    public let length: Int, rawLength: Int
    /// The checksum of its bytes in the file.
    public let checksum: UInt64

    /// Whether it is one LZ4 block, rather than the bytes as they are.
    public var isCompressed: Bool { length < rawLength }
    /// Where it ends in the segment's file.
    var end: Int { offset + length }
}

extension BlockReference: Codable {
    private enum CodingKeys: String, CodingKey {
        case segment, offset, length, rawLength, checksum
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        segment = try container.decode(Int.self, forKey: .segment)
        offset = try container.decode(Int.self, forKey: .offset)
        length = try container.decode(Int.self, forKey: .length)
        rawLength = try container.decode(Int.self, forKey: .rawLength)
        // As text: JSON's numbers are not exact beyond 53 bits in many readers.
        let text = try container.decode(String.self, forKey: .checksum)
        guard text.utf8.count == 16, let checksum = UInt64(text, radix: 16) else {
            throw DecodingError.dataCorruptedError(
                forKey: .checksum, in: container, debugDescription: "no checksum: \(text)")
        }
        self.checksum = checksum
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(segment, forKey: .segment)
        try container.encode(offset, forKey: .offset)
        try container.encode(length, forKey: .length)
        try container.encode(rawLength, forKey: .rawLength)
        try container.encode(checksum.hexadecimal, forKey: .checksum)
    }
}
