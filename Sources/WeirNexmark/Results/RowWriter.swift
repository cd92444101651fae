import Weir

/// Writes rows as text, one behind the other, into memory that is used again for the next rows.
struct RowWriter: ~Copyable {
    /// What a row looks like.
    enum Format {
        /// Fields joined by `|`: integers in decimal, times as milliseconds since the epoch, decimals
        /// with three digits after the point, strings as they are. This is what is hashed.
        case canonical
        /// An array in a line of its own: numbers as numbers, decimals and strings as strings.
        case json
    }

    // SAFETY: bytes 0 ..< count are initialised, and there is room for `capacity`; every field begins
    // with `startField`, which makes room for the longest that it can come to. Owned by this value
    // alone and freed by its deinit. An array would cost a check of uniqueness for each field, and
    // with it more than the field.
    private var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// The bytes of all rows.
    private(set) var count = 0
    private let format: Format
    private var isRowStart = true

    init(_ format: Format, capacity: Int = 4_096) {
        self.format = format
        self.capacity = capacity
        bytes = .allocate(capacity: capacity)
    }

    deinit { bytes.deallocate() }

    /// Calls `body` with all rows.
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        body(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// Drops all rows and keeps the memory.
    mutating func removeAll() {
        count = 0
        isRowStart = true
    }

    /// Ends a row.
    mutating func endRow() {
        if format == .json {
            startMark(3, first: "[", others: nil)
            append("]")
            append("\n")
        }
        isRowStart = true
    }

    /// Puts an integer.
    mutating func put(_ number: Int) {
        startField(20)
        append(number)
    }

    /// Puts a time, as milliseconds since the epoch.
    mutating func put(_ time: Timestamp) { put(Int(time.microseconds / 1_000)) }

    /// Puts an exact decimal.
    mutating func put(_ amount: Thousandths) {
        startField(27)
        if format == .json { append("\"") }
        let (whole, rest) = amount.count.magnitude.quotientAndRemainder(dividingBy: 1_000)
        if amount.count < 0 { append("-") }
        append(Int(whole))
        append(".")
        append(digit: rest / 100)
        append(digit: rest / 10 % 10)
        append(digit: rest % 10)
        if format == .json { append("\"") }
    }

    /// Puts text.
    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put($0) }
    }

    /// Puts text.
    mutating func put(_ text: UTF8String) { text.withUTF8 { put($0) } }

    private mutating func put(_ characters: UnsafeBufferPointer<UInt8>) {
        if format == .json { return putQuoted(characters) }
        startField(characters.count)
        if let start = characters.baseAddress {
            (bytes + count).initialize(from: start, count: characters.count)
            count += characters.count
        }
    }

    private mutating func putQuoted(_ characters: UnsafeBufferPointer<UInt8>) {
        startField(characters.count * 6 + 2)
        append("\"")
        for character in characters {
            switch character {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append("\\")
                append(byte: character)
            case 0..<0x20:
                for byte in "\\u00".utf8 { append(byte: byte) }
                append(digit: UInt(character >> 4))
                append(byte: Array("0123456789abcdef".utf8)[Int(character & 15)])
            default: append(byte: character)
            }
        }
        append("\"")
    }

    /// Makes room for a field of up to `size` bytes, and puts what stands before it.
    @inline(__always) private mutating func startField(_ size: Int) {
        if format == .json {
            startMark(size, first: "[", others: ",")
        } else {
            startMark(size, first: nil, others: "|")
        }
    }

    @inline(__always) private mutating func startMark(
        _ size: Int, first: Unicode.Scalar?, others: Unicode.Scalar?
    ) {
        if count + size + 1 > capacity { grow(by: size + 1) }
        if let mark = isRowStart ? first : others { append(mark) }
        isRowStart = false
    }

    private mutating func grow(by size: Int) {
        capacity = max(capacity * 2, count + size)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.moveInitialize(from: bytes, count: count)
        bytes.deallocate()
        bytes = larger
    }

    private mutating func append(_ character: Unicode.Scalar) {
        append(byte: UInt8(ascii: character))
    }

    private mutating func append(digit: UInt) {
        append(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit))
    }

    private mutating func append(byte: UInt8) {
        (bytes + count).initialize(to: byte)
        count &+= 1
    }

    private mutating func append(_ number: Int) {
        if number < 0 { append("-") }
        var rest = number.magnitude
        var width = 1
        var limit: UInt = 10
        while rest >= limit {
            width += 1
            // The greatest power of ten that fits into 64 bits has twenty digits.
            if width == 20 { break }
            limit *= 10
        }
        var position = count + width
        count = position
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            position -= 1
            (bytes + position).initialize(to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            rest = quotient
        } while rest > 0
    }
}
