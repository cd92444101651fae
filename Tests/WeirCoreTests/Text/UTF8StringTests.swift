import Foundation
import Testing
import WeirCore

/// One text in each way that it can come about, none of which may be told from the others.
private func forms(of string: String) -> [UTF8String] {
    let bytes = Array(string.utf8)
    // Never freed, as memory that is called static must be.
    let kept = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(1, bytes.count))
    _ = kept.update(from: bytes)
    let still = UnsafeBufferPointer(rebasing: kept[..<bytes.count])
    let around = UTF8String("<" + string + ">")
    var builder = UTF8StringBuilder(capacity: 4)
    for scalar in "before".unicodeScalars { builder.append(scalar) }
    _ = builder.take()
    builder.append(UTF8String(string))
    return [
        UTF8String(string), UTF8String(string[...]), UTF8String(unsafeStatic: still),
        UTF8String("<" + string)[1...], UTF8String(string + ">")[..<bytes.count],
        around[1..<bytes.count + 1], around[1..<bytes.count + 1].copied(), builder.take(),
        "\(string)",
        "" + UTF8String(string), UTF8String(string) + "",
    ]
}

private let strings: [String] = {
    var random = CodecRandom(seed: 7)
    let drawn = (0..<60).map { _ in random.string() }
    let lengths = (0...40).map { String(repeating: "x", count: $0) }
    let twins = (6...17).flatMap { count -> [String] in
        let text = String("abcdefghijklmnopq".prefix(count))
        return [text, text.dropLast() + "Q", "A" + text.dropFirst()]
    }
    return drawn + lengths + twins + ["é", "e\u{301}", "ZÜRICH", "straße", "\u{0}", "a\u{0}"]
}()

@Suite struct `A UTF-8 string` {
    @Test func `holds the same bytes in every form`() {
        for string in strings {
            for text in forms(of: string) {
                #expect(String(text) == string && Array(text.utf8) == Array(string.utf8))
                #expect(text.utf8Count == string.utf8.count && text.isEmpty == string.isEmpty)
                #expect(text.description == string)
                #expect(text.debugDescription == string.debugDescription)
            }
        }
    }

    @Test func `equals, orders and hashes by its bytes, whatever the forms`() {
        let texts = strings.map { forms(of: $0) }
        for (index, left) in strings.enumerated() {
            for (other, right) in strings.enumerated() {
                let isSame = Array(left.utf8) == Array(right.utf8)
                let precedes = left.utf8.lexicographicallyPrecedes(right.utf8)
                let turned = texts[other].dropFirst(3) + texts[other].prefix(3)
                let agrees = zip(texts[index], turned).allSatisfy { one, other in
                    (one == other) == isSame && (one < other) == precedes
                        && (!isSame || one.hashValue == other.hashValue)
                }
                #expect(agrees, "\(left) and \(right)")
            }
        }
    }

    @Test func `is found among keys as a string would be`() {
        for string in strings {
            for text in forms(of: string) { #expect(text.stableHash == string.stableHash) }
        }
    }

    @Test func `is cut into parts that outlive the whole`() {
        let parts = { () -> [UTF8String] in
            let whole = UTF8String("https://example.org/some/longer/directory/index.html")
            return whole.split(separator: "/")
        }()
        #expect(parts == ["https:", "example.org", "some", "longer", "directory", "index.html"])
    }

    @Test func `is split as a string is`() {
        for string in strings + ["/", "//a//b/", "a/b/c/d", "/a", "a/"] {
            for limit in [0, 1, 2, 100] {
                for omits in [true, false] {
                    let wanted = string.utf8.split(
                        separator: UInt8(ascii: "/"), maxSplits: limit,
                        omittingEmptySubsequences: omits)
                    for text in forms(of: string) {
                        let parts = text.split(
                            separator: "/", maxSplits: limit, omittingEmptySubsequences: omits)
                        #expect(parts.map { Array($0.utf8) } == wanted.map { Array($0) })
                    }
                }
            }
        }
    }

    @Test func `is searched as a string's bytes are`() {
        for string in strings {
            for wanted in strings + ["x", "xx", "b", "ab"] {
                let text = UTF8String(string)
                let other = UTF8String(wanted)
                let bytes = Array(string.utf8)
                let place = (0...bytes.count).first { bytes[$0...].starts(with: wanted.utf8) }
                #expect(text.firstRange(of: other)?.lowerBound == place)
                #expect(text.firstRange(of: other).map { text[$0] == other } ?? true)
                #expect(text.contains(other) == (place != nil))
                #expect(text.hasPrefix(other) == bytes.starts(with: wanted.utf8))
                #expect(
                    text.hasSuffix(other) == bytes.reversed().starts(with: wanted.utf8.reversed()))
            }
        }
    }

    @Test func `changes case as a string does`() {
        for string in strings {
            for text in forms(of: string) {
                #expect(Array(text.lowercased().utf8) == Array(string.lowercased().utf8))
                #expect(Array(text.uppercased().utf8) == Array(string.uppercased().utf8))
            }
        }
    }

    @Test func `counts bytes and offers them as a collection`() {
        for string in strings {
            for text in forms(of: string) {
                let isCounted: (UInt8) -> Bool = { $0 & 1 == 0 }
                #expect(text.utf8.count(where: isCounted) == string.utf8.filter(isCounted).count)
                #expect(text.utf8.reversed().elementsEqual(string.utf8.reversed()))
                #expect(
                    text.utf8.withContiguousStorageIfAvailable { Array($0) } == Array(string.utf8))
            }
        }
    }

    @Test func `is made of bytes that are UTF-8 alone`() {
        for bytes in [
            [0xff], [0xc3], [0x61, 0xed, 0xa0, 0x80], [UInt8](repeating: 0x80, count: 20),
        ] {
            #expect(bytes.withUnsafeBufferPointer { UTF8String(validating: $0) } == nil)
        }
        for string in strings {
            let text = Array(string.utf8).withUnsafeBufferPointer { UTF8String(validating: $0) }
            #expect(text.map { String($0) } == string)
        }
    }

    @Test func `of static memory may be longer than its form can hold`() {
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 70_000)
        bytes.update(repeating: UInt8(ascii: "y"))
        for count in [9, 65_534, 65_535, 65_536, 70_000] {
            let text = UTF8String(
                unsafeStatic: UnsafeBufferPointer(rebasing: bytes[..<count]))
            #expect(text.utf8Count == count)
            #expect(text == UTF8String(String(repeating: "y", count: count)))
            #expect(text[(count - 9)...] == "yyyyyyyyy")
        }
    }

    @Test func `comes back from state and goes on from a string's`() throws {
        for string in strings {
            for text in forms(of: string) {
                #expect(try roundTrip(text) == text)
                #expect(try stateBytes(text) == stateBytes(string))
                let written = try stateBytes([string])
                #expect(try readState([UTF8String].self, from: written) == [text])
            }
        }
        #expect(UTF8String.stateShape == String.stateShape)
        #expect(throws: StateFormatError.self) {
            try readState(UTF8String.self, from: [2, 0xc3, 0x28])
        }
    }

    @Test func `may be two keys where a string is one, which a restore says`() throws {
        let composed: UTF8String = "caf\u{e9}"
        let decomposed: UTF8String = "cafe\u{301}"
        #expect(composed != decomposed && composed.stableHash == decomposed.stableHash)
        let written = try stateBytes(Set([composed, decomposed]))
        #expect(throws: StateFormatError.self) { try readState(Set<String>.self, from: written) }
        let one = try stateBytes(Set([String(composed)]))
        #expect(try readState(Set<UTF8String>.self, from: one) == [composed])
    }

    @Test func `is a key of a dictionary as a string is`() throws {
        let data = try JSONEncoder().encode(["a key": 1] as [UTF8String: Int])
        #expect(String(decoding: data, as: UTF8.self) == #"{"a key":1}"#)
        #expect(try JSONDecoder().decode([UTF8String: Int].self, from: data) == ["a key": 1])
    }

    @Test func `is coded as a string`() throws {
        let encoder = JSONEncoder()
        for string in strings {
            let data = try encoder.encode([UTF8String(string)])
            #expect(try JSONDecoder().decode([String].self, from: data) == [string])
            #expect(try JSONDecoder().decode([UTF8String].self, from: data) == [UTF8String(string)])
        }
    }
}

private struct Labels: Codable, Equatable {
    var label: UTF8String, note: UTF8String?, tags: [UTF8String]
}

@Suite struct `A Codable type with UTF-8 strings` {
    private let format = RowFormat(Labels.self)

    @Test func `has fields of text`() {
        #expect(format.fields.map(\.type) == [.string, .string, .list(.string)])
        #expect(format.fields.map(\.isOptional) == [false, true, false])
    }

    @Test func `comes back from JSON`() throws {
        for string in strings {
            let labels = Labels(
                label: UTF8String(string), note: string.isEmpty ? nil : UTF8String(string),
                tags: [UTF8String(string), ""])
            #expect(try format.fromJSON(format.json(labels)) == labels)
        }
    }
}

@Suite struct `A UTF-8 string's builder` {
    @Test func `gives each text what was written since the last one, across blocks`() {
        var builder = UTF8StringBuilder(capacity: 0)
        var texts: [UTF8String] = []
        for string in strings {
            builder.append(UTF8String(string))
            texts.append(builder.take())
        }
        #expect(texts.map { String($0) } == strings)
    }

    @Test func `takes back what was written last`() {
        var builder = UTF8StringBuilder(capacity: 8)
        builder.append("kept and ")
        builder.append("dropped")
        builder.truncate(toPending: 9)
        builder.append(ascii: UInt8(ascii: "!"))
        #expect(builder.take() == "kept and !")
        builder.append(unsafeUninitializedCapacity: 100) { buffer in
            buffer.update(repeating: UInt8(ascii: "z"))
            return 3
        }
        #expect(builder.pendingCount == 3 && builder.take() == "zzz" && builder.take().isEmpty)
    }
}
