import Foundation
import WeirCore

/// The form of `manifest.json`: `{"checksum":"<32 digits>","manifest":{…}}` and a line feed, where
/// the checksum is the ``ContentHash`` of the bytes of the inner object.
enum ManifestFile {
    private static let opening = Array(#"{"checksum":""#.utf8)
    private static let middle = Array(#"","manifest":"#.utf8)
    private static let closing = Array("}\n".utf8)

    static func encode(_ manifest: CheckpointManifest) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = [UInt8](try encoder.encode(manifest))
        return opening + Array(ContentHash(of: body).text.utf8) + middle + body + closing
    }

    /// The manifest in `bytes`, checked.
    static func decode(
        _ bytes: [UInt8], path: String
    ) throws(CheckpointStorageError) -> CheckpointManifest {
        let start = opening.count + 32 + middle.count
        guard bytes.count >= start + closing.count, bytes.starts(with: opening),
            bytes[(opening.count + 32)..<start].elementsEqual(middle),
            bytes.suffix(closing.count).elementsEqual(closing)
        else {
            throw .corrupt(path: path, reason: "it is cut off, or no manifest of a checkpoint")
        }
        let body = Array(bytes[start..<(bytes.count - closing.count)])
        let checksum = bytes[opening.count..<(opening.count + 32)]
        guard checksum.elementsEqual(ContentHash(of: body).text.utf8) else {
            throw .corrupt(path: path, reason: "its content does not agree with its checksum")
        }
        try checkFormat(body, path)
        do {
            return try JSONDecoder().decode(CheckpointManifest.self, from: Data(body))
        } catch {
            throw .corrupt(path: path, reason: "it is no manifest of a checkpoint (\(error))")
        }
    }

    private struct Format: Decodable {
        let format: Int
    }

    private static func checkFormat(
        _ body: [UInt8], _ path: String
    ) throws(CheckpointStorageError) {
        guard let format = try? JSONDecoder().decode(Format.self, from: Data(body)) else { return }
        if format.format > CheckpointManifest.currentFormat {
            throw .unsupportedFormat(
                path: path, version: format.format, supported: CheckpointManifest.currentFormat)
        }
    }
}
