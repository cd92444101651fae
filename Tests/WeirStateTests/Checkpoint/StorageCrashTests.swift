import Foundation
import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `Checkpoint storage that crashes` {
    /// What a run of several checkpoints came to, up to a crash.
    private struct Run {
        var contents: [Epoch: StateModel.Content] = [:]
        var completed: Epoch?
        var model = StateModel(seed: 11, blocks: 12)
    }

    private static let path = "/state/job"

    /// Eight checkpoints, incremental but for the first; the second is a savepoint.
    private static func run(_ files: SimulatedDisk) -> Run {
        var run = Run()
        do {
            let directory = CheckpointDirectory(path, fileSystem: files, retaining: 2)
            _ = try directory.claim(job: "orders")
            var base: SavedCheckpoint?
            for number in 1...8 {
                // Copied first: the content is that of the epoch which `save` then begins.
                run.model.beginEpoch()
                run.contents[Epoch(number)] = run.model.content
                base = try run.model.save(
                    in: directory, base: base, kind: number == 2 ? .savepoint : .checkpoint)
                run.completed = Epoch(number)
                run.model.change(share: 0.2)
            }
        } catch {}
        return run
    }

    private static let operations: Int = {
        let files = SimulatedDisk()
        _ = run(files)
        return files.operations
    }()

    @Test(arguments: [SimulatedDisk.Loss.everything, .nothing, .some(seed: 1), .some(seed: 2)])
    func `goes on from the last completed checkpoint wherever the crash was`(
        loss: SimulatedDisk.Loss
    ) throws {
        #expect(Self.operations > 100)
        for operation in 0..<Self.operations {
            let files = SimulatedDisk()
            files.plan(.crash, at: operation)
            let run = Self.run(files)
            try expectRecovery(files.afterCrash(loss), after: run, "crash at \(operation)")
        }
    }

    private func expectRecovery(
        _ files: SimulatedDisk, after run: Run, _ comment: Comment
    ) throws {
        var run = run
        let directory = CheckpointDirectory(Self.path, fileSystem: files, retaining: 2)
        #expect(try directory.claim(job: "orders").isEmpty, comment)
        expectNoGarbage(files, comment)
        let (checkpoint, problems) = try directory.latest(verifying: true)
        #expect(problems.isEmpty, comment)
        // The one in progress may have become complete in the crash.
        let found = checkpoint?.epoch
        #expect(found == run.completed || found == run.model.epoch, comment)
        if let checkpoint {
            #expect(
                try StateModel.content(of: checkpoint) == run.contents[checkpoint.epoch], comment)
        }
        let next = try run.model.save(in: directory, base: checkpoint)
        #expect(try StateModel.content(of: next) == run.model.content, comment)
        expectNoGarbage(files, comment)
    }

    /// Everything that is there is referred to by a manifest.
    private func expectNoGarbage(_ files: SimulatedDisk, _ comment: Comment) {
        var needed: Set<String> = []
        for path in files.files where path.hasSuffix("manifest.json") {
            needed.insert(path)
            let epoch = CheckpointPath.epoch(
                ofName: CheckpointPath.lastName(of: CheckpointPath.parent(of: path)))
            let manifest = epoch.flatMap {
                try? SavedCheckpoint.manifest($0, root: Self.path, fileSystem: files)
            }
            for segment in manifest?.segments ?? [] {
                needed.insert(CheckpointPath.segment(Self.path, segment.name))
            }
        }
        #expect(Set(files.files) == needed, comment)
    }

    @Test(arguments: [true, false])
    func `survives an operation that fails, and leaves nothing behind`(isFull: Bool) throws {
        var failures = 0
        for operation in 0..<Self.operations {
            let files = SimulatedDisk()
            files.plan(isFull ? .full : .failure, at: operation)
            if try runThroughFailure(files, "failure at \(operation)") { failures += 1 }
        }
        #expect(failures > Self.operations / 2)
    }

    /// Writes eight checkpoints, each of which is tried again as the next epoch when it fails.
    ///
    /// - Returns: Whether one failed.
    private func runThroughFailure(_ files: SimulatedDisk, _ comment: Comment) throws -> Bool {
        var model = StateModel(seed: 11, blocks: 12)
        let directory = CheckpointDirectory(Self.path, fileSystem: files, retaining: 2)
        var failures = 0
        func attempt<Result>(_ body: () throws -> Result) throws -> Result {
            do { return try body() } catch is CheckpointStorageError { failures += 1 }
            return try body()
        }
        _ = try attempt { try directory.claim(job: "orders") }
        var base: SavedCheckpoint?
        for _ in 1...8 {
            base = try attempt { try model.save(in: directory, base: base) }
            let latest = try directory.latest(verifying: true)
            #expect(latest.problems.isEmpty, comment)
            #expect(try latest.checkpoint.map(StateModel.content) == model.content, comment)
            model.change(share: 0.2)
        }
        // What could not be removed at first is by now.
        expectNoGarbage(files, comment)
        return failures > 0
    }

    @Test func `goes on when a full disk has room again`() throws {
        let files = SimulatedDisk()
        let directory = CheckpointDirectory(Self.path, fileSystem: files, retaining: 1)
        _ = try directory.claim(job: "orders")
        var model = StateModel(seed: 3, blocks: 50)
        let first = try model.save(in: directory, base: nil)
        let used = files.used
        for room in [0, 1, 100, 1000, used / 2] {
            files.capacity = used + room
            model.markAllChanged()
            let error = #expect(throws: CheckpointStorageError.self) {
                try model.save(in: directory, base: first)
            }
            if case .full = error {} else { Issue.record("not said to be full: \(error as Any)") }
            #expect(files.used == used, "with \(room) bytes of room")
            let latest = try directory.latest(verifying: true)
            #expect(latest.checkpoint?.epoch == first.epoch)
        }
        files.capacity = .max
        model.change(share: 0.3)
        let next = try model.save(in: directory, base: first)
        #expect(try StateModel.content(of: next) == model.content)
        expectNoGarbage(files, "after the disk was full")
    }

    #if os(Linux)
        @Test func `says that a real disk is full, and goes on`() throws {
            let place = TemporaryPlace()
            let directory = CheckpointDirectory(place.path)
            _ = try directory.claim(job: "orders")
            var model = StateModel(seed: 4, blocks: 20)
            // The kernel answers every write to this device as it does on a full disk.
            let path = place.path + "/segments/1-0.partial"
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: "/dev/full")
            let error = #expect(throws: CheckpointStorageError.self) {
                try model.save(in: directory, base: nil)
            }
            #expect(
                error?.description
                    == "cannot write to \(path): no room is left. Free some space there, or keep "
                    + "fewer checkpoints; the next checkpoint is written as soon as there is room.")
            #expect(try DiskFileSystem().list(place.path + "/segments").isEmpty)
            let next = try model.save(in: directory, base: nil)
            #expect(try StateModel.content(of: next) == model.content)
        }
    #endif

    @Test func `knows where a run began, wherever a crash comes`() throws {
        var found: [Epoch: Int] = [:]
        for loss in 0..<4 as Range<UInt64> {
            for crash in 0..<12 {
                let disk = SimulatedDisk()
                var model = StateModel(seed: 5, blocks: 10)
                let saved = CheckpointDirectory("/saved", fileSystem: disk)
                _ = try saved.claim(job: "orders")
                let savepoint = try model.save(in: saved, base: nil)
                let directory = CheckpointDirectory("/job", fileSystem: disk)
                _ = try directory.claim(job: "orders")
                for _ in 1...2 {
                    model.change(share: 0.5)
                    _ = try model.save(in: directory, base: nil)
                }
                disk.plan(.crash, at: disk.operations + crash)
                var hasBegun = false
                do {
                    _ = try directory.beginRun(at: .elsewhere("/saved"))
                    hasBegun = true
                } catch {}
                let left = disk.afterCrash(.some(seed: loss))
                let latest = try CheckpointDirectory("/job", fileSystem: left).latest().checkpoint
                let epoch = try #require(latest?.epoch)
                if hasBegun { #expect(latest?.path == savepoint.path) }
                // Before it has begun, no sink has gone back: the newest may still be gone on from.
                found[epoch, default: 0] += 1
            }
        }
        #expect(found.count >= 2, "\(found)")
    }
}
