import Testing
import WeirCore

private struct Refused: Error {}

/// A plain value too large to be copied row by row.
private struct Wide: Equatable {
    var number: Int
    var rest = InlineArray<8, Int>(repeating: 7)

    static func == (left: Wide, right: Wide) -> Bool { left.number == right.number }
}

private func batch<Element>(of count: Int, _ make: (Int) -> Element) -> Batch<Element> {
    var batch = Batch<Element>()
    for row in 0..<count { batch.append(make(row), at: Timestamp(microseconds: Int64(row) * 10)) }
    return batch
}

extension Batch {
    fileprivate borrowing func rows() -> [(Element, Int64)] {
        var rows: [(Element, Int64)] = []
        for row in indices { rows.append((self[row], time(at: row).microseconds)) }
        return rows
    }
}

/// Plain values take a path of their own through `keepRows`; all paths must give the same.
@Suite struct `Filtering a batch` {
    private func check<Element: Equatable>(
        _ make: (Int) -> Element, _ isKept: @escaping (Int) -> Bool,
        _ number: @escaping (Element) -> Int, failing: Int?
    ) throws {
        let count = 40
        var batch = batch(of: count, make)
        let judged = failing ?? count
        do {
            let dropped = try batch.keepRows { element in
                if number(element) == failing { throw Refused() }
                return isKept(number(element))
            }
            #expect(failing == nil && dropped == count - batch.count)
        } catch let error as RecordError {
            #expect(failing != nil && error.cause is Refused)
            #expect(error.record == String(describing: make(judged)))
        }
        let expected = (0..<judged).filter(isKept)
        #expect(batch.rows().map(\.0) == expected.map(make))
        #expect(batch.rows().map(\.1) == expected.map { Int64($0) * 10 })
        #expect(!expected.isEmpty || batch.isEmpty)
    }

    @Test(arguments: [1, 2, 3, 7, 40], [nil, 0, 1, 17, 39])
    func `keeps order and times, whatever the elements`(every: Int, failing: Int?) throws {
        let isKept = { (number: Int) in number % every == 0 }
        try check({ $0 }, isKept, { $0 }, failing: failing)
        try check({ Wide(number: $0) }, isKept, { $0.number }, failing: failing)
        try check(
            { "a name of more than fifteen bytes \($0)" }, isKept,
            { Int($0.split(separator: " ").last ?? "") ?? -1 }, failing: failing)
    }

    @Test func `drops the first rows, the last, all and none`() throws {
        for isKept in [{ $0 > 20 }, { $0 < 20 }, { _ in false }, { _ in true }] as [(Int) -> Bool] {
            try check({ $0 }, isKept, { $0 }, failing: nil)
        }
    }
}
