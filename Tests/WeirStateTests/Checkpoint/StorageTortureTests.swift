import Foundation
import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `Checkpoint storage under torture` {
    /// A checkpoint directory on disk, and what each of its checkpoints must give back.
    private final class Fixture {
        let place = TemporaryPlace()
        var contents: [Epoch: StateModel.Content] = [:]
        var newest = Epoch.none
        var files: [String] = []

        init(seed: UInt64) throws {
            var model = StateModel(seed: seed, blocks: 25)
            let directory = CheckpointDirectory(place.path)
            _ = try directory.claim(job: "orders")
            var base: SavedCheckpoint?
            for _ in 1...3 {
                base = try model.save(in: directory, base: base)
                contents[model.epoch] = model.content
                newest = model.epoch
                model.change(share: 0.3)
            }
            let all = FileManager.default.enumerator(atPath: place.path)
            while let name = all?.nextObject() as? String {
                if name.hasSuffix(".json") || name.hasSuffix(".segment") { files.append(name) }
            }
            files = files.filter { $0 != "owner.json" }.sorted()
        }
    }

    /// What is done to a file.
    enum Damage: CustomStringConvertible {
        case truncated(Int), flipped(byte: Int, bit: Int), extended, removed, replaced(String)

        var description: String {
            switch self {
            case .truncated(let length): "truncated to \(length)"
            case .flipped(let byte, let bit): "byte \(byte) bit \(bit) flipped"
            case .extended: "extended by a byte"
            case .removed: "removed"
            case .replaced(let other): "replaced by \(other)"
            }
        }

        func apply(to path: String, root: String) throws {
            var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            switch self {
            case .truncated(let length): bytes.removeLast(bytes.count - length)
            case .flipped(let byte, let bit): bytes[byte] ^= 1 << bit
            case .extended: bytes.append(10)
            case .replaced(let other):
                bytes = [UInt8](try Data(contentsOf: URL(filePath: root + "/" + other)))
            case .removed: return try FileManager.default.removeItem(atPath: path)
            }
            try Data(bytes).write(to: URL(filePath: path))
        }
    }

    /// What came of reading a damaged directory.
    private struct Tally {
        var unharmed = 0, previous = 0, refused = 0, lazily = 0
    }

    @Test(arguments: [21, 22] as [UInt64])
    func `gives right content, the previous checkpoint or a refusal`(seed: UInt64) throws {
        let fixture = try Fixture(seed: seed)
        var random = SeededGenerator(seed: seed)
        var tally = Tally()
        #expect(fixture.files.count >= 7)
        for file in fixture.files {
            for damage in damages(file, fixture, &random) {
                let copy = TemporaryPlace()
                try FileManager.default.copyItem(atPath: fixture.place.path, toPath: copy.path)
                try damage.apply(to: copy.path + "/" + file, root: copy.path)
                try read(copy.path, file, "\(file) \(damage)", fixture, &tally)
            }
        }
        #expect(tally.unharmed > 5 && tally.previous > 20, "\(tally)")
        #expect(tally.refused > 5 && tally.lazily > 5, "\(tally)")
    }

    private func damages(
        _ file: String, _ fixture: Fixture, _ random: inout SeededGenerator
    ) -> [Damage] {
        let path = fixture.place.path + "/" + file
        let size = (try? Data(contentsOf: URL(filePath: path)).count) ?? 0
        let middle = Int.random(in: 1..<(size - 1), using: &random)
        var damages: [Damage] = [
            .truncated(0), .truncated(1), .truncated(middle), .truncated(size - 1), .extended,
            .removed, .flipped(byte: 0, bit: 0), .flipped(byte: size - 1, bit: 7),
        ]
        for _ in 0..<6 {
            damages.append(
                .flipped(
                    byte: Int.random(in: 0..<size, using: &random),
                    bit: Int.random(in: 0..<8, using: &random)))
        }
        damages += fixture.files.filter { $0 != file }.map { .replaced($0) }
        return damages
    }

    /// Reads a damaged directory in both ways, and checks all that comes.
    private func read(
        _ path: String, _ file: String, _ comment: Comment, _ fixture: Fixture,
        _ tally: inout Tally
    ) throws {
        if let checkpoint = try latest(path, verifying: false, file, comment, fixture) {
            do {
                let content = try StateModel.content(of: checkpoint)
                #expect(content == fixture.contents[checkpoint.epoch], comment)
            } catch let error as CheckpointStorageError {
                tally.lazily += 1
                #expect(error.isDamage && error.description.contains(file), comment)
            }
        }
        guard let checkpoint = try latest(path, verifying: true, file, comment, fixture) else {
            tally.refused += 1
            return
        }
        let content = try StateModel.content(of: checkpoint)
        #expect(content == fixture.contents[checkpoint.epoch], comment)
        if checkpoint.epoch == fixture.newest {
            tally.unharmed += 1
        } else {
            tally.previous += 1
        }
    }

    /// The checkpoint that is found; `nil` when the file is one that all three refer to, and they
    /// are refused for it.
    private func latest(
        _ path: String, verifying: Bool, _ file: String, _ comment: Comment, _ fixture: Fixture
    ) throws -> SavedCheckpoint? {
        do {
            let found = try CheckpointDirectory(path).latest(verifying: verifying)
            let checkpoint = try #require(found.checkpoint, comment)
            expectProblems(
                found.problems, newest: fixture.newest, found: checkpoint.epoch, file, comment)
            return checkpoint
        } catch CheckpointStorageError.noUsableCheckpoint(_, let problems) {
            expectProblems(problems, newest: fixture.newest, found: .none, file, comment)
            return nil
        }
    }

    private func expectProblems(
        _ problems: [CheckpointProblem], newest: Epoch, found: Epoch, _ file: String,
        _ comment: Comment
    ) {
        #expect(problems.count == newest.number - found.number, comment)
        #expect(problems.allSatisfy { $0.file.hasSuffix(file) }, comment)
    }

    @Test func `notices a change of any byte of a manifest`() throws {
        let fixture = try Fixture(seed: 23)
        let path = CheckpointPath.manifest(fixture.place.path, fixture.newest)
        let bytes = try DiskFileSystem().contents(path)
        #expect(try ManifestFile.decode(bytes, path: path).epoch == fixture.newest)
        var random = SeededGenerator(seed: 23)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= UInt8.random(in: 1...255, using: &random)
            #expect(throws: CheckpointStorageError.self, "byte \(index)") {
                try ManifestFile.decode(damaged, path: path)
            }
            #expect(throws: CheckpointStorageError.self, "cut at \(index)") {
                try ManifestFile.decode(Array(bytes[..<index]), path: path)
            }
        }
    }

    @Test func `refuses a path that is damaged, and does not use another checkpoint`() throws {
        let fixture = try Fixture(seed: 24)
        let root = fixture.place.path
        let manifest = CheckpointPath.manifest(root, fixture.newest)
        try Damage.truncated(100).apply(to: manifest, root: root)
        for path in [root, root + "/", CheckpointPath.checkpoint(root, fixture.newest)] {
            let error = #expect(throws: CheckpointStorageError.self) {
                try SavedCheckpoint.open(path)
            }
            #expect(
                error?.description
                    == "\(manifest) is damaged: it is cut off, or no manifest of a checkpoint. "
                    + "Put back a good copy, or restore another checkpoint.")
        }
        let previous = try SavedCheckpoint.open(CheckpointPath.checkpoint(root, Epoch(2)))
        #expect(try StateModel.content(of: previous) == fixture.contents[Epoch(2)])
        #expect(throws: CheckpointStorageError.noCheckpoint(path: root + "/segments")) {
            try SavedCheckpoint.open(root + "/segments")
        }
        #expect(throws: CheckpointStorageError.noCheckpoint(path: "/no/such/place")) {
            try SavedCheckpoint.open("/no/such/place")
        }
    }

    @Test func `refuses a format that it does not know`() throws {
        let fixture = try Fixture(seed: 25)
        let root = fixture.place.path
        var manifest = try SavedCheckpoint.open(root).manifest
        manifest.format = 2
        let path = CheckpointPath.manifest(root, fixture.newest)
        try Data(try ManifestFile.encode(manifest)).write(to: URL(filePath: path))
        let expected = CheckpointStorageError.unsupportedFormat(
            path: path, version: 2, supported: 1)
        #expect(throws: expected) { try SavedCheckpoint.open(root) }
        // Not damage: going back to an older checkpoint would be wrong.
        #expect(throws: expected) { try CheckpointDirectory(root).latest() }
        let directory = CheckpointDirectory(root)
        #expect(try directory.claim(job: "orders").map(\.epoch) == [fixture.newest])
        // Its segments are still there, unknown as they are to this version.
        for file in fixture.files {
            #expect(FileManager.default.fileExists(atPath: root + "/" + file))
        }
    }
}
