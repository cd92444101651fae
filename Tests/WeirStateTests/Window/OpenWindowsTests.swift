import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `The open windows of a key` {
    private func window(_ start: Int64, _ end: Int64) -> Window {
        Window(start: Timestamp(microseconds: start), end: Timestamp(microseconds: end))
    }

    /// An open window with a timer, as all have that an operator keeps.
    private func pending(_ window: OpenWindow<Int>) -> OpenWindow<Int> {
        var window = window
        window.endTimer = window.window.end
        return window
    }

    private func numbers(_ open: OpenWindows<Int>) -> [Int] {
        (0..<open.count).map { open[$0].number }
    }

    /// Against an array.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func `equal an array of windows in order`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var open = OpenWindows<Int>()
        var list: [OpenWindow<Int>] = []
        for number in 0..<250 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let start = Int64.random(in: 0..<20, using: &random)
                let added = window(start, start + .random(in: 1...9, using: &random))
                let position =
                    list.firstIndex {
                        ($0.window.start, $0.window.end) >= (added.start, added.end)
                    } ?? list.count
                #expect(open.position(of: added) == position)
                open.insert(pending(OpenWindow(added, number: number)), at: position)
                list.insert(pending(OpenWindow(added, number: number)), at: position)
            case 2:
                guard let position = list.indices.randomElement(using: &random) else { continue }
                open.update(position) {
                    $0.unfired += 1
                    $0.accumulator = number
                }
                list[position].unfired += 1
                list[position].accumulator = number
            case 3:
                // What stands for no window has no timer, by which it is told from one.
                let isChanged = open.updateLatest {
                    guard $0.endTimer != nil else { return false }
                    $0.panes += 1
                    return true
                }
                #expect(isChanged != list.isEmpty)
                if let last = list.indices.last { list[last].panes += 1 }
            default:
                guard let position = list.indices.randomElement(using: &random) else { continue }
                let removed = open.remove(at: position)
                #expect(removed.number == list.remove(at: position).number)
            }
            #expect(open.count == list.count && open.isEmpty == list.isEmpty)
            #expect(numbers(open) == list.map(\.number))
            #expect(
                (0..<open.count).map { open[$0].unfired } == list.map(\.unfired)
                    && (0..<open.count).map { open[$0].accumulator } == list.map(\.accumulator)
                    && (0..<open.count).map { open[$0].panes } == list.map(\.panes))
            for (position, one) in list.enumerated() {
                #expect(
                    open.position(ofNumber: one.number, firstStart: one.firstStart) == position)
            }
            #expect(open.position(ofNumber: -1, firstStart: .epoch) == nil)
            let codec = try StateCodec<OpenWindows<Int>>.find()
            var writer = StateWriter()
            try codec.write(open, &writer)
            let read = try StateReader.reading(writer.bytes) { try codec.read(&$0) }
            #expect(numbers(read) == list.map(\.number))
        }
    }

    @Test func `are found by their number after they have grown to the front`() {
        var open = OpenWindows<Int>()
        open.insert(OpenWindow(window(5, 9), number: 1), at: 0)
        open.insert(OpenWindow(window(20, 29), number: 2), at: 1)
        open.insert(OpenWindow(window(40, 49), number: 3), at: 2)
        open.update(1) { $0.window = window(11, 29) }
        #expect(open.position(ofNumber: 2, firstStart: Timestamp(microseconds: 20)) == 1)
        #expect(open.neighbours(of: window(9, 11)) == 0..<2)
        #expect(open.neighbours(of: window(49, 50)) == 2..<3)
        #expect(open.neighbours(of: window(31, 38)) == 2..<2)
        #expect(open.neighbours(of: window(0, 4)) == 0..<0)
    }
}
