import Testing
import WeirCore
import WeirState
import WeirTesting

/// A store of counts, driven as a window operator drives it.
private struct Driver {
    let store: SliceStore<Int, Int>

    init(_ assigner: WindowAssigner, allowedLateness: Duration = .zero) {
        store = SliceStore(assigner, allowedLateness: allowedLateness)
    }

    /// What became of a record.
    func add(_ time: Int64) throws -> String {
        switch store.place(Timestamp(microseconds: time)) {
        case .late: return "late"
        case .gap: return "gap"
        case .slice(let slice):
            try slice.table.update(0, hash: 0.stableHash, initial: { 0 }) { $0 += 1 }
            slice.records += 1
            return "kept"
        }
    }

    /// Fires what is due; answers the windows as `start..<end=count`.
    func advance(to time: Timestamp) throws -> [String] {
        var fired: [String] = []
        while let window = store.nextDueWindow(at: time) {
            let count = try store.slices(in: window).reduce(0) { sum, slice in
                try sum + (slice.table.value(of: 0, hash: 0.stableHash) ?? 0)
            }
            fired.append("\(window.start.microseconds)..<\(window.end.microseconds)=\(count)")
            store.markFired(window)
            store.dropExpired()
            if fired.count > 10_000 { return ["endless"] }
        }
        store.dropExpired()
        return fired
    }

    func advance(to time: Int64) throws -> [String] {
        try advance(to: Timestamp(microseconds: time))
    }
}

@Suite struct `A slice store` {
    @Test func `fires each window with records once, in order, when its last point has passed`()
        throws
    {
        let driver = Driver(.tumbling(.microseconds(10)))
        for time in [25, 3, 9, 40] as [Int64] { #expect(try driver.add(time) == "kept") }
        #expect(try driver.advance(to: 8) == [])
        #expect(try driver.advance(to: 9) == ["0..<10=2"])
        #expect(try driver.advance(to: 9) == [])
        #expect(try driver.advance(to: 28) == [])
        #expect(try driver.advance(to: .latest) == ["20..<30=1", "40..<50=1"])
        #expect(driver.store.isEmpty && driver.store.recordsHeld == 0)
    }

    @Test func `shares slices between overlapping windows`() throws {
        let driver = Driver(.sliding(.microseconds(6), every: .microseconds(4)))
        for time in [0, 1, 2, 5, 7] as [Int64] { _ = try driver.add(time) }
        #expect(driver.store.count == 4)
        #expect(try driver.advance(to: 5) == ["-4..<2=2", "0..<6=4"])
        #expect(driver.store.count == 2)
        #expect(try driver.advance(to: .latest) == ["4..<10=2"])
        #expect(driver.store.isEmpty)
    }

    @Test func `finds a record late when the last of its windows has been fired, not before`()
        throws
    {
        let driver = Driver(.sliding(.microseconds(10), every: .microseconds(5)))
        #expect(try driver.advance(to: 13) == [])
        #expect(try driver.add(4) == "late" && driver.add(5) == "kept")
        #expect(try driver.advance(to: 14) == ["5..<15=1"])
        #expect(try driver.add(9) == "late" && driver.add(10) == "kept" && driver.add(14) == "kept")
        #expect(try driver.advance(to: .latest) == ["10..<20=2"])
    }

    @Test func `keeps slices for as long as lateness is allowed, to the microsecond`() throws {
        let driver = Driver(.tumbling(.microseconds(10)), allowedLateness: .microseconds(5))
        #expect(try driver.add(3) == "kept")
        #expect(try driver.advance(to: 9) == ["0..<10=1"])
        #expect(try driver.store.recordsHeld == 1 && driver.add(3) == "kept")
        #expect(try driver.advance(to: 13) == [])
        #expect(try driver.add(9) == "kept" && driver.store.recordsHeld == 3)
        #expect(try driver.advance(to: 14) == [])
        #expect(try driver.add(9) == "late" && driver.store.isEmpty)
    }

    @Test func `says which records lie between windows with gaps`() throws {
        let driver = Driver(
            .sliding(.microseconds(3), every: .microseconds(7), offset: .microseconds(1)))
        let placed = try (-7..<11 as Range<Int64>).map { try driver.add($0) == "kept" ? "k" : "." }
            .joined()
        // Windows: [-6, -3), [1, 4), [8, 11).
        #expect(placed == ".kkk....kkk....kkk")
        #expect(try driver.advance(to: 4) == ["-6..<-3=3", "1..<4=3"])
        #expect(try driver.add(4) == "gap" && driver.add(3) == "late")
        #expect(try driver.advance(to: .latest) == ["8..<11=3"])
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `agrees with windows enumerated record by record`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let size = Int64.random(in: 1...20, using: &random)
        let slide = Int64.random(in: 1...20, using: &random)
        let offset = Int64.random(in: -30...30, using: &random)
        let driver = Driver(
            .sliding(
                .microseconds(size), every: .microseconds(slide), offset: .microseconds(offset)))
        var counts: [Int64: Int] = [:]
        var firedThrough = Int64.min
        var found: [String] = []
        for _ in 0..<300 {
            if Int.random(in: 0..<5, using: &random) > 0 {
                let time = Int64.random(in: -100...100, using: &random)
                // Starts of the windows that contain the time, by trying each.
                let starts = (time - size + 1...time).filter { ($0 - offset) % slide == 0 }
                let open = starts.filter { $0 + size > firedThrough }
                let expected = starts.isEmpty ? "gap" : open.isEmpty ? "late" : "kept"
                #expect(try driver.add(time) == expected)
                for start in open { counts[start, default: 0] += 1 }
            } else {
                let mark = Int64.random(in: -120...120, using: &random)
                found = try driver.advance(to: mark)
                firedThrough = max(firedThrough, mark + 1)
                let due = counts.keys.filter { $0 + size <= mark + 1 }.sorted()
                #expect(found == due.map { "\($0)..<\($0 + size)=\(counts[$0] ?? 0)" })
                for start in due { counts[start] = nil }
            }
        }
        let rest = counts.keys.sorted().map { "\($0)..<\($0 + size)=\(counts[$0] ?? 0)" }
        #expect(try driver.advance(to: .latest) == rest && driver.store.isEmpty)
    }

    private static let extremes: [Int64] = [.min, .min + 1, .min + 9, -1, .max - 9, .max - 1, .max]
    private static let shapes: [(Int64, Int64, Int64)] = [
        (10, 10, 0), (10, 10, 3), (10, 3, 1), (3, 10, 1),
    ]

    @Test(arguments: extremes) func `comes to an end at the ends of time`(time: Int64) throws {
        for (size, slide, offset) in Self.shapes {
            let driver = Driver(
                .sliding(
                    .microseconds(size), every: .microseconds(slide), offset: .microseconds(offset))
            )
            _ = try driver.add(time)
            for mark: Int64 in [.min, -5, .max - 1, .max] {
                #expect(try driver.advance(to: mark).count <= 10)
            }
            #expect(try driver.store.isEmpty && driver.add(time) != "kept")
        }
    }
}
