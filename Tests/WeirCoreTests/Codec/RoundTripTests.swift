import Testing
import WeirCore

@Suite struct `Random records` {
    private let format = RowFormat(Sample.self)

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `come back from JSON`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        for _ in 0..<25 {
            let sample = Sample.random(&random)
            let text = try format.json(sample)
            #expect(!text.contains("\n"))
            #expect(try format.fromJSON(text) == sample)
        }
    }

    @Test(arguments: [
        CSVOptions(), CSVOptions(delimiter: ";", nullText: ["NA", ""]),
        CSVOptions(delimiter: "\t", nullText: ["null"], quote: "'"),
        CSVOptions(delimiter: "|", nullText: ["", "-1", "true"]),
    ])
    func `come back from CSV`(options: CSVOptions) throws {
        let decoder = try format.csvDecoder(header: format.fields.map(\.name), options: options)
        for seed in 0..<200 as Range<UInt64> {
            var random = CodecRandom(seed: seed)
            let sample = Sample.random(&random)
            let line = try format.csv(sample, options)
            #expect(try decoder.read(line) == sample, "\(line)")
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `come back from binary, one after another`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        let samples = (0..<25).map { _ in Sample.random(&random) }
        var bytes: [UInt8] = []
        for sample in samples { try format.binaryCodec.encode(sample, into: &bytes) }
        var offset = 0
        var decoded: [Sample] = []
        while offset < bytes.count {
            decoded.append(try format.binaryCodec.read(bytes, at: &offset))
        }
        #expect(decoded == samples)
    }

    @Test func `keep NaN and the infinities in CSV and binary, and lose them in JSON`() throws {
        let format = RowFormat(FlightRecord.self)
        let decoder = try format.csvDecoder(header: format.fields.map(\.name))
        for value in [Double.infinity, -.infinity, .nan] {
            let flight = FlightRecord(delay: value)
            let line = try format.csv(flight)
            let read = try decoder.read(line).delay
            #expect(read?.description == value.description)
            var offset = 0
            let bytes = try format.binary(flight)
            let decoded = try format.binaryCodec.read(bytes, at: &offset).delay
            #expect(decoded?.description == value.description)
            #expect(try format.fromJSON(format.json(flight)).delay == nil)
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `write doubles as Swift does where they are short`(seed: UInt64) throws {
        struct One: Record {
            var value = 0.0
            static let schema = Schema(One.init) { Field("v", \.value) }
        }
        var random = CodecRandom(seed: seed)
        let format = RowFormat(One.self)
        for _ in 0..<200 {
            let value = random.double()
            let text = try format.csv(One(value: value))
            #expect(Double(text) == value)
            #expect(text.count <= value.description.count + 2, "\(text) for \(value)")
        }
    }
}

@Suite struct `Corrupt input` {
    private let format = RowFormat(Sample.self)

    /// Changes a few bytes, cuts some off, or doubles a part.
    private func mutate(_ bytes: [UInt8], _ random: inout CodecRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes.removeSubrange(index...)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(contentsOf: bytes[index...].prefix(8), at: index)
            case 3:
                bytes[index] =
                    [0, 0x22, 0x2C, 0x5C, 0x7B, 0x80, 0xFF].randomElement(using: &random) ?? 0
            default: bytes[index] = random.integer(UInt8.self)
            }
        }
        return bytes
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `is either read or refused, never a crash`(seed: UInt64) throws {
        var random = CodecRandom(seed: seed)
        let csv = try format.csvDecoder(header: format.fields.map(\.name))
        let tree = RowFormat(FlightCodable.self)
        let treeCSV = try tree.csvDecoder(header: tree.fields.map(\.name))
        var refused = 0
        for _ in 0..<100 {
            let sample = Sample.random(&random)
            let plain = FlightCodable(
                carrier: random.string(), number: 3, scheduled: random.time(), delay: 1, tail: "x")
            let json = mutate(Array(try format.json(sample).utf8), &random)
            let line = mutate(Array(try format.csv(sample).utf8), &random)
            let binary = mutate(try format.binary(sample), &random)
            let treeLine = mutate(Array(try tree.csv(plain).utf8), &random)
            let treeBinary = mutate(try tree.binary(plain), &random)
            var offsets = (0, 0)
            do { _ = try format.jsonDecoder().read(json) } catch { refused += 1 }
            do { _ = try csv.read(line) } catch { refused += 1 }
            do { _ = try format.binaryCodec.read(binary, at: &offsets.0) } catch {
                refused += 1
            }
            do { _ = try treeCSV.read(treeLine) } catch { refused += 1 }
            do { _ = try tree.binaryCodec.read(treeBinary, at: &offsets.1) } catch {
                refused += 1
            }
            do { _ = try tree.jsonDecoder().read(json) } catch { refused += 1 }
        }
        #expect(refused > 200)
    }

    @Test func `that claims a huge length is refused before memory is taken`() {
        let huge: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
        var offset = 0
        #expect(
            message {
                try RowFormat(FlightRecord.self).binaryCodec.read(huge, at: &offset)
            }
                == "field \"carrier\": the binary record ends too early; it was cut off or is corrupt"
        )
        #expect(offset == 0)
    }

    @Test func `in binary is refused at every length short of the whole`() throws {
        let format = RowFormat(FlightRecord.self)
        let flight = FlightRecord(
            carrier: "UA", number: -400, scheduled: .latest, delay: 1.5, tail: "N14228")
        let bytes = try format.binary(flight)
        for length in 0..<bytes.count {
            var offset = 0
            #expect(throws: FieldError.self) {
                try format.binaryCodec.read(Array(bytes[..<length]), at: &offset)
            }
        }
        for offset in [-1, bytes.count, bytes.count + 1] {
            var moved = offset
            #expect(throws: FieldError.self) {
                try format.binaryCodec.read(bytes, at: &moved)
            }
        }
    }
}
