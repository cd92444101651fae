import Foundation
import Testing
import Weir

@testable import WeirNexmark

private struct Sample: NexmarkRow {
    var number: Int, text: String, time: Timestamp, amount: Thousandths

    func putFields(into row: inout RowWriter) {
        row.put(number)
        row.put(text)
        row.put(time)
        row.put(amount)
    }
}

private func text(_ samples: [Sample], as format: RowWriter.Format) -> String {
    var writer = RowWriter(format, capacity: 1)
    for sample in samples {
        sample.putFields(into: &writer)
        writer.endRow()
    }
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
}

@Suite struct `A row's text` {
    private let samples = [
        Sample(
            number: 17, text: "a\\b", time: Timestamp(milliseconds: 1_436), amount: Thousandths(908)
        ),
        Sample(
            number: .min, text: "", time: Timestamp(milliseconds: -5),
            amount: Thousandths(-1_020_003)),
        Sample(
            number: .max, text: "\"x\u{1}\"", time: .epoch, amount: Thousandths(90_800_000_000)),
    ]

    @Test func `has its fields between bars`() {
        #expect(text([samples[0]], as: .canonical) == "17|a\\b|1436|0.908")
        #expect(text([samples[1]], as: .canonical) == "-9223372036854775808||-5|-1020.003")
        #expect(
            text([samples[2]], as: .canonical)
                == "9223372036854775807|\"x\u{1}\"|0|90800000.000")
    }

    @Test func `has every width of number`() {
        for exponent in 0..<19 {
            let power = (0..<exponent).reduce(1) { product, _ in product * 10 }
            for number in [power, power - 1, -power, power * 9] {
                var writer = RowWriter(.canonical)
                writer.put(number)
                #expect(writer.withBytes { String(decoding: $0, as: UTF8.self) } == "\(number)")
            }
        }
    }

    @Test func `is JSON for a file`() throws {
        let lines = text(samples, as: .json)
        #expect(
            lines.split(separator: "\n").map(String.init) == [
                #"[17,"a\\b",1436,"0.908"]"#,
                #"[-9223372036854775808,"",-5,"-1020.003"]"#,
                #"[9223372036854775807,"\"x\u0001\"",0,"90800000.000"]"#,
            ])
    }
}

@Suite struct `The hash of rows` {
    @Test func `is that of the specification`() {
        #expect(FNV1a.hash([]) == 0xcbf2_9ce4_8422_2325)
        #expect(FNV1a.hash(Array("a".utf8)) == 0xaf63_dc4c_8601_ec8c)
        #expect(FNV1a.hash(Array("1001|5".utf8)) == 0x39bf_f31a_9338_dfac)
    }

    @Test func `is summed over rows of any length, whatever their number`() {
        for count in 0..<14 {
            let rows = (0..<count).map { row in
                (0..<(row * 7 % 11)).map { UInt8(truncatingIfNeeded: $0 * 37 + row) }
            }
            var ends: [Int] = []
            for row in rows { ends.append((ends.last ?? 0) + row.count) }
            let sum = rows.reduce(UInt64(0)) { $0 &+ FNV1a.hash($1) }
            #expect(
                Array(rows.joined()).withUnsafeBufferPointer { FNV1a.sum($0, ends: ends) } == sum)
        }
    }

    @Test func `of a retracted row is taken away`() throws {
        let results = NexmarkResults()
        let tally = RowTally(
            results, SubtaskContext(job: "job", operatorName: "sink", subtask: 0, parallelism: 1))
        for auction in [1, 2, 3] { tally.note(SelectedBid(auction: auction, price: 5)) }
        tally.note(SelectedBid(auction: 2, price: 5), isAdded: false)
        try tally.commit()
        tally.finish()
        let left = FNV1a.hash(Array("1|5".utf8)) &+ FNV1a.hash(Array("3|5".utf8))
        #expect(results.total == NexmarkTotal(rows: 2, checksum: left))
        #expect(NexmarkTotal(rows: 1, checksum: 0xabc).checksumText == "0000000000000abc")
    }
}
