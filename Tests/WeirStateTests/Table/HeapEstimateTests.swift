import Testing
import WeirCore

@testable import WeirState

/// A value that tells how often it is written, and how many bytes.
private struct Weighed: StateValue {
    final class Scale: @unchecked Sendable { var writes = 0 }
    var bytes: Int
    var scale: Scale?

    static var stateShape: StateShape { [UInt8].stateShape }
    func write(to output: inout StateWriter) {
        scale?.writes += 1
        output.write([UInt8](repeating: 1, count: bytes))
    }
    static func read(from input: inout StateReader) throws -> Weighed {
        Weighed(bytes: try input.readBytes().count)
    }
}

@Suite struct `What entries have on the heap` {
    private func table(of bytes: Int, _ scale: Weighed.Scale) throws -> StateTable<Int, Weighed> {
        let table = StateTable<Int, Weighed>()
        try table.update(1, hash: 1.stableHash, initial: { Weighed(bytes: bytes, scale: scale) }) {
            _ in
        }
        return table
    }

    @Test func `is looked at often where they are small`() throws {
        let scale = Weighed.Scale()
        let table = try table(of: 100, scale)
        for _ in 0..<200 { #expect(table.heldBytes > 0) }
        #expect(scale.writes == 200)
    }

    @Test func `is not what one large entry among many has, for long`() throws {
        let table = try table(of: 1 << 20, Weighed.Scale())
        for key in 2...2_000 {
            try table.update(key, hash: key.stableHash, initial: { Weighed(bytes: 10) }) { _ in }
        }
        let held = (0..<1_000).map { _ in table.heldBytes }
        let most = try #require(held.max())
        let least = try #require(held.suffix(200).min())
        #expect(least < most / 4)
    }

    @Test func `is looked at the more rarely the more there is to write`() throws {
        let scale = Weighed.Scale()
        let table = try table(of: 1 << 20, scale)
        for _ in 0..<200 { #expect(table.heldBytes > 1 << 20) }
        #expect((2...4).contains(scale.writes))
    }
}
