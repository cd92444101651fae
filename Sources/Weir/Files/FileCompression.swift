/// How the bytes of a file are compressed.
public enum FileCompression: String, Sendable, CaseIterable, CustomStringConvertible {
    /// Not at all.
    case plain
    /// gzip (RFC 1952), several members one after another included. Needs the trait `GZip`.
    case gzip
    /// LZ4 frames, several one after another included. Needs the trait `LZ4`.
    case lz4

    public var description: String { rawValue }

    /// What a path's extension says: `.gz` and `.lz4`; everything else is plain.
    public init(path: String) {
        if path.hasSuffix(".gz") {
            self = .gzip
        } else if path.hasSuffix(".lz4") {
            self = .lz4
        } else {
            self = .plain
        }
    }

    /// The extension to add to a file's name, with its dot; empty for plain files.
    public var fileExtension: String {
        switch self {
        case .plain: ""
        case .gzip: ".gz"
        case .lz4: ".lz4"
        }
    }

    /// The package trait that it needs, if any.
    var trait: String? {
        switch self {
        case .plain: nil
        case .gzip: "GZip"
        case .lz4: "LZ4"
        }
    }

    /// Whether this build can read and write it.
    public var isAvailable: Bool {
        switch self {
        case .plain: return true
        case .gzip:
            #if GZip
                return true
            #else
                return false
            #endif
        case .lz4:
            #if LZ4
                return true
            #else
                return false
            #endif
        }
    }

    /// What the first bytes of a file say; `nil` where they belong to no compressed format.
    ///
    /// Source: RFC 1952, section 2.3.1; LZ4 Frame Format Description 1.6.4 (frames and skippable
    /// frames).
    init?(magic bytes: some Collection<UInt8>) {
        let first = Array(bytes.prefix(4))
        if first.starts(with: Self.gzipMagic) {
            self = .gzip
        } else if first.count == 4, Self.mayBegin(with: first) {
            self = .lz4
        } else {
            return nil
        }
    }

    /// Whether a compressed file may begin with `bytes`, of which there are at most four.
    static func mayBegin(with bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return true }
        let lz4Rest = bytes.dropFirst()
        return gzipMagic.starts(with: bytes)
            || first == 0x04 && [0x22, 0x4d, 0x18].starts(with: lz4Rest)
            || first & 0xf0 == 0x50 && [0x2a, 0x4d, 0x18].starts(with: lz4Rest)
    }

    private static let gzipMagic: [UInt8] = [0x1f, 0x8b]
}
