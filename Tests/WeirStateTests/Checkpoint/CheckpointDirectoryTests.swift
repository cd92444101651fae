import Foundation
import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `Checkpoint directory` {
    @Test func `gives back what was saved, unchanged blocks from the base`() throws {
        let place = TemporaryPlace()
        let directory = CheckpointDirectory(place.path)
        #expect(try directory.claim(job: "orders").isEmpty)
        #expect(try directory.latest().checkpoint == nil)
        var model = StateModel(seed: 7, blocks: 200)
        let first = try model.save(in: directory, base: nil)
        model.change(share: 0.1)
        let second = try model.save(in: directory, base: first)
        #expect(second.manifest.newBytes < first.manifest.newBytes / 4)
        let found = try directory.latest(verifying: true)
        #expect(found.problems.isEmpty)
        let checkpoint = try #require(found.checkpoint)
        #expect(checkpoint.manifest == second.manifest)
        #expect(try StateModel.content(of: checkpoint) == model.content)
        #expect(checkpoint.manifest.operators[0].counters == [["emitted": 5]])
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `keeps content over many incremental checkpoints`(seed: UInt64) throws {
        let files = SimulatedDisk()
        let directory = CheckpointDirectory("/job", fileSystem: files, retaining: 2)
        _ = try directory.claim(job: "orders")
        var model = StateModel(seed: seed, blocks: 30)
        var base: SavedCheckpoint?
        for _ in 0..<15 {
            let saved = try model.save(in: directory, base: base)
            #expect(try StateModel.content(of: saved) == model.content)
            // What is read from the files is what the writer kept in memory.
            let read = try SavedCheckpoint.open("/job", fileSystem: files, verifying: true)
            #expect(read.manifest == saved.manifest)
            #expect(read.content.blocks == saved.content.blocks)
            base = Bool.random() ? saved : read
            model.change(share: 0.1)
        }
    }

    @Test func `keeps the newest, savepoints and what is in use`() throws {
        let files = SimulatedDisk()
        let directory = CheckpointDirectory("/job", fileSystem: files, retaining: 2)
        _ = try directory.claim(job: "orders")
        var model = StateModel(seed: 8, blocks: 10)
        var base: SavedCheckpoint?
        var used: SavedCheckpoint?
        var usedContent: StateModel.Content?
        for number in 1...8 {
            base = try model.save(
                in: directory, base: base, kind: number == 2 ? .savepoint : .checkpoint)
            if number == 3 { (used, usedContent) = (base, model.content) }
            model.change(share: 0.5)
        }
        #expect(try epochs(files) == [2, 3, 7, 8])
        #expect(try used.map(StateModel.content) == usedContent)
        used = nil
        base = try model.save(in: directory, base: base)
        #expect(try epochs(files) == [2, 8, 9])
        #expect(
            try SavedCheckpoint.open("/job/checkpoints/000000000002", fileSystem: files)
                .manifest.kind == .savepoint)
    }

    @Test func `keeps all segments until a damaged manifest is mended or gone`() throws {
        let place = TemporaryPlace()
        var model = StateModel(seed: 14, blocks: 40)
        let first = CheckpointDirectory(place.path, retaining: 2)
        _ = try first.claim(job: "orders")
        for _ in 1...3 {
            _ = try model.save(in: first, base: nil)
            model.markAllChanged()
        }
        let good = model.content
        first.release()
        let manifest = place.path + "/checkpoints/000000000003/manifest.json"
        let bytes = try Data(contentsOf: URL(filePath: manifest))
        try bytes.dropLast(9).write(to: URL(filePath: manifest))
        let second = CheckpointDirectory(place.path, retaining: 2)
        #expect(try second.claim(job: "orders").count == 1)
        #expect(try second.latest().checkpoint?.epoch == Epoch(2))
        model.change(share: 0.5)
        _ = try model.save(in: second, base: nil)
        // Someone puts back a good copy: nothing that it needs is gone.
        try bytes.write(to: URL(filePath: manifest))
        let mended = try SavedCheckpoint.open(
            place.path + "/checkpoints/000000000003", verifying: true)
        #expect(try StateModel.content(of: mended) == good)
        try bytes.dropLast(9).write(to: URL(filePath: manifest))
        for _ in 1...3 {
            model.change(share: 0.5)
            _ = try model.save(in: second, base: nil)
        }
        // Two good ones came after it; it has gone, and so has what nothing else needs.
        #expect(!FileManager.default.fileExists(atPath: manifest))
        second.release()
        let third = CheckpointDirectory(place.path, retaining: 2)
        #expect(try third.claim(job: "orders").isEmpty)
        let segments = try FileManager.default.contentsOfDirectory(
            atPath: place.path + "/segments"
        ).map { String($0.prefix(32)) }
        let needed = try SavedCheckpoint.epochs(root: place.path, fileSystem: DiskFileSystem())
            .flatMap { epoch in
                try SavedCheckpoint.manifest(
                    epoch, root: place.path, fileSystem: DiskFileSystem()
                ).segments.map(\.name)
            }
        #expect(Set(segments) == Set(needed))
    }

    @Test func `keeps what a checkpoint has taken from one of an earlier run`() throws {
        let files = SimulatedDisk()
        var model = StateModel(seed: 13, blocks: 100)
        var first: Set<String> = []
        for run in 1...6 {
            let directory = CheckpointDirectory("/job", fileSystem: files, retaining: 1)
            #expect(try directory.claim(job: "orders").isEmpty)
            let base = try directory.latest().checkpoint
            let saved = try model.save(in: directory, base: base)
            #expect(base.map { saved.manifest.newBytes < $0.manifest.totalBytes / 4 } ?? true)
            let names = Set(saved.manifest.segments.map(\.name))
            if run == 1 { first = names } else { #expect(!names.isDisjoint(with: first)) }
            #expect(directory.collect().isEmpty)
            directory.release()
            model.change(share: 0.02)
        }
        // The one before the last was still in use by the last run.
        #expect(try epochs(files) == [5, 6])
        let newest = try SavedCheckpoint.open("/job", fileSystem: files, verifying: true)
        #expect(newest.epoch == Epoch(6))
    }

    private func epochs(_ files: SimulatedDisk) throws -> [Int] {
        try SavedCheckpoint.epochs(root: "/job", fileSystem: files).map(\.number)
    }

    @Test func `bounds dead bytes and the number of files`() throws {
        let files = SimulatedDisk()
        let directory = CheckpointDirectory("/job", fileSystem: files, retaining: 1)
        _ = try directory.claim(job: "orders")
        var model = StateModel(seed: 9, blocks: 100)
        var base: SavedCheckpoint?
        for _ in 0..<150 {
            base = try model.save(in: directory, base: base)
            model.change(share: 0.02)
        }
        let manifest = try #require(base?.manifest)
        #expect(manifest.segments.count <= SegmentCleaning.manySegments + 4)
        let stored = manifest.segments.reduce(0) { $0 + $1.bytes }
        #expect(stored < manifest.totalBytes * 3, "\(stored) for \(manifest.totalBytes)")
        #expect(try base.map(StateModel.content) != nil)
    }

    @Test func `stores identical content once`() throws {
        let files = SimulatedDisk()
        let directory = CheckpointDirectory("/job", fileSystem: files)
        _ = try directory.claim(job: "orders")
        var model = StateModel(seed: 10, blocks: 50)
        let first = try model.save(in: directory, base: nil)
        let used = files.used
        model.markAllChanged()
        // Everything is written again, and only the transaction differs, in one segment of the two.
        let second = try model.save(in: directory, base: nil)
        let names = { (checkpoint: SavedCheckpoint) in
            Set(checkpoint.manifest.segments.map(\.name))
        }
        #expect(names(first).intersection(names(second)).count == 1)
        #expect(files.used < used * 7 / 4)
    }

    @Test func `belongs to one job, and to one run of it at a time`() throws {
        let place = TemporaryPlace()
        let directory = CheckpointDirectory(place.path)
        _ = try directory.claim(job: "orders")
        let error = #expect(throws: CheckpointStorageError.self) {
            try CheckpointDirectory(place.path).claim(job: "orders")
        }
        let process = ProcessInfo.processInfo
        #expect(
            error?.description
                == "the checkpoint directory \(place.path) is in use by the job 'orders' (process "
                + "\(process.processIdentifier) on \(process.hostName)). Stop that job, or give "
                + "this one a directory of its own.")
        var model = StateModel(seed: 1, blocks: 1)
        _ = try model.save(in: directory, base: nil)
        directory.release()
        #expect(throws: CheckpointStorageError.notClaimed(path: place.path)) {
            try directory.begin(Epoch(2))
        }
        #expect(
            throws: CheckpointStorageError.belongsToOtherJob(
                path: place.path, owner: "orders", job: "returns")
        ) { try CheckpointDirectory(place.path).claim(job: "returns") }
        #expect(try CheckpointDirectory(place.path).claim(job: "orders").isEmpty)
    }

    #if os(Linux)
        @Test func `is free again when the process that had it was killed`() throws {
            let place = TemporaryPlace()
            try DiskFileSystem().makeDirectories(place.path)
            let other = Process()
            other.executableURL = URL(filePath: "/usr/bin/flock")
            other.arguments = [
                "--no-fork", place.path + "/owner.json", "sh", "-c", "echo locked; exec cat",
            ]
            let output = Pipe()
            let input = Pipe()
            (other.standardOutput, other.standardInput) = (output, input)
            try other.run()
            #expect(output.fileHandleForReading.availableData == Data("locked\n".utf8))
            #expect(throws: CheckpointStorageError.self) {
                try CheckpointDirectory(place.path).claim(job: "orders")
            }
            kill(other.processIdentifier, SIGKILL)
            other.waitUntilExit()
            #expect(try CheckpointDirectory(place.path).claim(job: "orders").isEmpty)
        }
    #endif

    @Test func `refuses an epoch that is not the newest`() throws {
        let directory = CheckpointDirectory("/job", fileSystem: SimulatedDisk())
        _ = try directory.claim(job: "orders")
        let writer = try directory.begin(Epoch(4))
        #expect(
            throws: CheckpointStorageError.staleEpoch(
                path: "/job", epoch: Epoch(4), newest: Epoch(4))
        ) { try directory.begin(Epoch(4)) }
        writer.abandon()
        #expect(try directory.newestEpoch() == Epoch(4))
        #expect(throws: CheckpointStorageError.ended(path: "/job", epoch: Epoch(4))) {
            try writer.segmentWriter().append([1])
        }
    }

    @Test func `copies a checkpoint to a place where it stands alone`() throws {
        let place = TemporaryPlace()
        let directory = CheckpointDirectory(place.path + "/job")
        _ = try directory.claim(job: "orders")
        var model = StateModel(seed: 12, blocks: 40)
        let first = try model.save(in: directory, base: nil)
        model.change(share: 0.2)
        let second = try model.save(in: directory, base: first)
        let target = place.path + "/savepoints/monday"
        try second.copy(to: target)
        #expect(throws: CheckpointStorageError.exists(path: target)) {
            try second.copy(to: target)
        }
        try FileManager.default.removeItem(atPath: place.path + "/job")
        try FileManager.default.moveItem(atPath: target, toPath: place.path + "/202611230130")
        let copy = try SavedCheckpoint.open(place.path + "/202611230130", verifying: true)
        #expect(copy.manifest.kind == .savepoint)
        #expect(try StateModel.content(of: copy) == model.content)
        let again = try SavedCheckpoint.open(copy.path)
        #expect(again.manifest == copy.manifest)
    }

    @Test func `writes from several threads at once`() async throws {
        let directory = CheckpointDirectory("/job", fileSystem: SimulatedDisk())
        _ = try directory.claim(job: "orders")
        let writer = try directory.begin(Epoch(1))
        let layout = StateLayout(arrangement: "cell", distribution: .subtask, value: .bytes)
        try await withThrowingTaskGroup { group in
            for subtask in 0..<8 {
                group.addTask {
                    let segment = writer.segmentWriter()
                    let contents = (0..<50).map { Array("\(subtask) \($0)".utf8) }
                    try segment.save(
                        ModelSnapshot(
                            directory: [], contents: contents,
                            blocks: (0..<50).map { StateBlock(id: $0, isChanged: true) }),
                        as: "rows", layout: layout, operator: "rows", subtask: subtask)
                    try segment.finish()
                }
            }
            try await group.waitForAll()
        }
        let saved = try writer.complete(
            CheckpointDescription(
                createdAt: Timestamp(microseconds: 0), parallelism: 8, keyGroups: 128,
                operators: [.init(id: "rows", kind: "process", parallelism: 8)])
        ).checkpoint
        #expect(saved.manifest.segments.count == 8)
        let states = saved.state(ofOperator: "rows", part: "rows")
        #expect(states.map(\.subtask) == Array(0..<8))
        for state in states {
            #expect(try state.block(49) == Array("\(state.subtask) 49".utf8))
            #expect(state.parallelism == 8 && state.layout == layout)
        }
    }
}
