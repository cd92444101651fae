/// ISO 8601 text, by arithmetic on bytes: a formatter would cost more than all else in a record.
extension Timestamp: CustomStringConvertible {
    /// Reads ISO 8601 text: `2013-01-01T10:00:00Z`.
    ///
    /// A space or a small `t` may stand for the `T`. Seconds, and with them the fraction, may be
    /// left out, or the whole time of day, which is then midnight. A fraction is cut at six digits.
    /// `Z` or no zone is UTC; `±hh:mm`, `±hhmm` and `±hh` are offsets from it. Years have four
    /// digits, or a sign and four to six, as ``iso8601`` writes them. The second may be 60, as in a
    /// leap second, and is then the start of the next minute.
    ///
    /// Answers `nil` for any other text, for dates that do not exist, and for points outside
    /// ``earliest`` ... ``latest``.
    @inlinable public init?(iso8601 text: some StringProtocol) {
        let fast: Timestamp?? = text.utf8.withContiguousStorageIfAvailable {
            Timestamp(iso8601: $0)
        }
        guard
            let time = fast ?? Array(text.utf8).withUnsafeBufferPointer({ Timestamp(iso8601: $0) })
        else { return nil }
        self = time
    }

    /// Reads ISO 8601 text from bytes, by the same rules.
    @inlinable public init?(iso8601Bytes bytes: Span<UInt8>) {
        guard let time = bytes.withUnsafeBufferPointer({ Timestamp(iso8601: $0) }) else {
            return nil
        }
        self = time
    }

    /// The point as ISO 8601 text in UTC: `2013-01-01T10:00:00Z`.
    ///
    /// A fraction follows only where it is not zero, without trailing zeros. Years outside
    /// 0000 ... 9999 have a sign and at least six digits, as in ISO 8601's expanded form.
    public var iso8601: String {
        String(unsafeUninitializedCapacity: 40) { buffer in
            var writer = ISO8601Writer(buffer: buffer)
            writer.write(self)
            return writer.count
        }
    }

    public var description: String { iso8601 }

    /// The day in UTC, as ISO 8601 text: `2013-01-01`. Years as in ``iso8601``.
    public var iso8601Date: String {
        String(unsafeUninitializedCapacity: 15) { buffer in
            var writer = ISO8601Writer(buffer: buffer)
            _ = writer.writeDate(self)
            return writer.count
        }
    }

    /// The time of day in UTC, cut to the minute, as ISO 8601 text: `10:30`.
    public var iso8601Minute: String {
        String(unsafeUninitializedCapacity: 15) { buffer in
            var writer = ISO8601Writer(buffer: buffer)
            writer.writeMinute(self)
            return writer.count
        }
    }

    /// Appends ``iso8601`` without making a string.
    func appendISO8601(to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { buffer in
            var writer = ISO8601Writer(buffer: buffer)
            writer.write(self)
            output.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<writer.count]))
        }
    }

    // SAFETY: the pointer is read within this call, within its count.
    @usableFromInline init?(iso8601 bytes: UnsafeBufferPointer<UInt8>) {
        if let time = Timestamp(usual: bytes) {
            self = time
            return
        }
        var reader = ISO8601Reader(bytes)
        guard let time = reader.read() else { return nil }
        self = time
    }
}

// MARK: - The usual form

extension Timestamp {
    /// Reads `2013-01-01T10:00:00Z`, with up to six digits of a fraction or none, a word at a time;
    /// `nil` for any other form, and for what is no time.
    init?(usual bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count >= 20, bytes.count <= 27, let start = bytes.baseAddress,
            start[bytes.count - 1] == UInt8(ascii: "Z"), start[16] == UInt8(ascii: ":")
        else { return nil }
        // `2013-01-` and `01T10:00`, and then zeros for the marks: both are numbers of eight digits.
        let date = ByteWord(loading: start)
        let time = ByteWord(loading: start + 8)
        let dateMarks: UInt64 = 0xFF00_00FF_0000_0000
        let timeMarks: UInt64 = 0x0000_FF00_00FF_0000
        guard date.bits & dateMarks == 0x2D00_002D_0000_0000,
            time.bits & timeMarks == 0x0000_3A00_0054_0000
        else { return nil }
        let zeros = ByteWord.repeating(UInt8(ascii: "0"))
        let dateDigits = ByteWord(bits: date.bits & ~dateMarks | zeros & dateMarks)
        let timeDigits = ByteWord(bits: time.bits & ~timeMarks | zeros & timeMarks)
        let tens = start[17] &- UInt8(ascii: "0")
        let ones = start[18] &- UInt8(ascii: "0")
        guard dateDigits.digitCount == 8, timeDigits.digitCount == 8, tens < 6, ones < 10,
            let micros = Self.micros(start + 19, bytes.count - 19)
        else { return nil }
        let (year, monthDigits) = Int(dateDigits.number(ofDigits: 8))
            .quotientAndRemainder(dividingBy: 10_000)
        let (day, clock) = Int(timeDigits.number(ofDigits: 8))
            .quotientAndRemainder(dividingBy: 1_000_000)
        let (hour, minute) = clock.quotientAndRemainder(dividingBy: 1_000)
        let month = monthDigits / 10
        guard month >= 1, month <= 12, day >= 1,
            day <= 28 || day <= Civil.dayCount(year: year, month: month), hour < 24, minute < 60
        else { return nil }
        let days = Civil.days(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + Int(tens) * 10 + Int(ones)
        self.init(microseconds: Int64(seconds) * 1_000_000 + micros)
    }

    /// The microseconds that the `count` bytes from `point` on stand for: `Z`, or a point, up to six
    /// digits and `Z`.
    @inline(__always) private static func micros(
        _ point: UnsafePointer<UInt8>, _ count: Int
    ) -> Int64? {
        if count == 1 { return 0 }
        let digits = count - 2
        guard point.pointee == UInt8(ascii: "."), digits > 0 else { return nil }
        let word = ByteWord(at: point + 1, start: point - 19, end: point + count)
        guard word.digitCount == digits else { return nil }
        var value = Int64(word.number(ofDigits: digits))
        for _ in digits..<6 { value *= 10 }
        return value
    }
}

// MARK: - The calendar

/// A civil date of the proleptic Gregorian calendar, by days since 1970.
///
/// Source: the era arithmetic of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms":
/// years begin in March, so that the leap day is the last, and repeat every 146,097 days.
private enum Civil {
    static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    static func date(ofDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    static func dayCount(year: Int, month: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }
}

// MARK: - Writing

private struct ISO8601Writer {
    // SAFETY: lent by the caller for the one call of `write`; at most 31 of its 40 bytes are used:
    // sign, six digits of year (|year| < 300,000), 15 of the rest, point, six of fraction, Z.
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    init(buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    mutating func write(_ time: Timestamp) {
        let timeOfDay = writeDate(time)
        put(UInt8(ascii: "T"))
        writeTime(timeOfDay)
    }

    /// Writes the day, and answers the microseconds since its start.
    mutating func writeDate(_ time: Timestamp) -> Int {
        let day: Int64 = 86_400_000_000
        var days = time.microseconds / day
        var rest = time.microseconds % day
        if rest < 0 {
            rest += day
            days -= 1
        }
        let (year, month, dayOfMonth) = Civil.date(ofDays: Int(days))
        if year < 0 || year > 9_999 {
            put(year < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            digits(abs(year), 6)
        } else {
            digits(year, 4)
        }
        put(UInt8(ascii: "-"))
        digits(month, 2)
        put(UInt8(ascii: "-"))
        digits(dayOfMonth, 2)
        return Int(rest)
    }

    /// Writes the time of day to the minute.
    mutating func writeMinute(_ time: Timestamp) {
        let minute: Int64 = 60_000_000
        let sinceMidnight = time.microseconds % (1_440 * minute)
        // Before 1970 the remainder counts back from the next midnight.
        let minuteOfDay =
            Int((sinceMidnight < 0 ? sinceMidnight + 1_440 * minute : sinceMidnight) / minute)
        digits(minuteOfDay / 60, 2)
        put(UInt8(ascii: ":"))
        digits(minuteOfDay % 60, 2)
    }

    private mutating func writeTime(_ micros: Int) {
        digits(micros / 3_600_000_000, 2)
        put(UInt8(ascii: ":"))
        digits(micros / 60_000_000 % 60, 2)
        put(UInt8(ascii: ":"))
        digits(micros / 1_000_000 % 60, 2)
        var fraction = micros % 1_000_000
        if fraction != 0 {
            var width = 6
            while fraction % 10 == 0 {
                fraction /= 10
                width -= 1
            }
            put(UInt8(ascii: "."))
            digits(fraction, width)
        }
        put(UInt8(ascii: "Z"))
    }

    private mutating func put(_ byte: UInt8) {
        buffer[count] = byte
        count += 1
    }

    private mutating func digits(_ value: Int, _ width: Int) {
        var rest = value
        var index = count + width - 1
        while index >= count {
            buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
            index -= 1
        }
        count += width
    }
}

// MARK: - Reading

private struct ISO8601Reader {
    // SAFETY: lent by the caller for the one call of `read`; every access is guarded by `index`.
    let bytes: UnsafeBufferPointer<UInt8>
    var index = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func read() -> Timestamp? {
        guard let days = readDate() else { return nil }
        var seconds = 0
        var micros = 0
        if index < bytes.count {
            guard take("T") || take("t") || take(" "), let time = readTime() else { return nil }
            guard let zone = readZone() else { return nil }
            seconds = time.seconds - zone
            micros = time.micros
            guard index == bytes.count else { return nil }
        }
        // In 128 bits, because the whole seconds of the earliest point are just out of range.
        let total = (Int128(days) * 86_400 + Int128(seconds)) * 1_000_000 + Int128(micros)
        return Int64(exactly: total).map(Timestamp.init(microseconds:))
    }

    private mutating func readDate() -> Int? {
        guard let year = readYear(), take("-"), let month = digits(2), (1...12).contains(month),
            take("-"), let day = digits(2), day >= 1,
            day <= Civil.dayCount(year: year, month: month)
        else { return nil }
        return Civil.days(year: year, month: month, day: day)
    }

    private mutating func readYear() -> Int? {
        let isNegative = take("-")
        guard isNegative || take("+") else { return digits(4) }
        var width = 0
        while width < 7, isDigit(index + width) { width += 1 }
        guard (4...6).contains(width), let year = digits(width) else { return nil }
        return isNegative ? -year : year
    }

    private mutating func readTime() -> (seconds: Int, micros: Int)? {
        guard let hour = digits(2), hour < 24, take(":"), let minute = digits(2), minute < 60
        else { return nil }
        var second = 0
        var micros = 0
        if take(":") {
            guard let whole = digits(2), whole <= 60 else { return nil }
            second = whole
            if take(".") || take(",") {
                guard let fraction = readFraction() else { return nil }
                micros = fraction
            }
        }
        return (hour * 3_600 + minute * 60 + second, second == 60 ? 0 : micros)
    }

    private mutating func readFraction() -> Int? {
        guard isDigit(index) else { return nil }
        var value = 0
        var width = 0
        while isDigit(index) {
            if width < 6 {
                value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
                width += 1
            }
            index += 1
        }
        while width < 6 {
            value *= 10
            width += 1
        }
        return value
    }

    /// The offset from UTC in seconds; none is UTC.
    private mutating func readZone() -> Int? {
        if index == bytes.count || take("Z") || take("z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hours = digits(2), hours < 24 else { return nil }
        var minutes = 0
        if take(":") || index < bytes.count {
            guard let given = digits(2), given < 60 else { return nil }
            minutes = given
        }
        let offset = hours * 3_600 + minutes * 60
        return isWest ? -offset : offset
    }

    private func isDigit(_ position: Int) -> Bool {
        position < bytes.count && bytes[position] &- UInt8(ascii: "0") < 10
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: mark) else { return false }
        index += 1
        return true
    }

    private mutating func digits(_ width: Int) -> Int? {
        guard index + width <= bytes.count else { return nil }
        var value = 0
        for position in index..<index + width {
            guard isDigit(position) else { return nil }
            value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
        }
        index += width
        return value
    }
}
