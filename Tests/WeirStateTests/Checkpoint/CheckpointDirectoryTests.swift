import Foundation
import Testing
import WeirCore

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
    }
}
