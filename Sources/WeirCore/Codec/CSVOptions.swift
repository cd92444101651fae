/// How delimited text is written.
public struct CSVOptions: Sendable, Equatable {
    /// What stands between two cells; an ASCII character.
    public var delimiter: Character
    /// Unquoted texts that mean a missing value. Default: the empty text only.
    ///
    /// An empty cell of a `String` that is not optional is the empty string, unless
    /// ``emptyStringIsNull``.
    public var nullText: [String]
    /// What encloses a cell that contains a delimiter, a quote or a line's end; an ASCII character.
    public var quote: Character
    /// Whether an empty cell of a `String` that is not optional is a missing value, hence an error.
    public var emptyStringIsNull: Bool

    /// Creates options; the defaults are those of RFC 4180.
    public init(
        delimiter: Character = ",", nullText: [String] = [""], quote: Character = "\"",
        emptyStringIsNull: Bool = false
    ) {
        self.delimiter = delimiter
        self.nullText = nullText
        self.quote = quote
        self.emptyStringIsNull = emptyStringIsNull
    }

    /// Checks that what these options write can be read back.
    ///
    /// A decoder checks it when it is made; a sink calls this before it starts, since an encoder
    /// with options that fail falls back to the defaults.
    ///
    /// - Throws: ``SchemaError/invalidOptions(reason:)``.
    public func validate() throws(SchemaError) {
        for (name, mark) in [("delimiter", delimiter), ("quote", quote)] {
            guard let byte = mark.asciiValue, mark != "\r\n", byte != 10, byte != 13 else {
                throw .invalidOptions(
                    reason:
                        "the \(name) must be one ASCII character, no line end; use \",\", \";\", "
                        + "\"|\", a tab or the like")
            }
        }
        if delimiter == quote {
            throw .invalidOptions(reason: "delimiter and quote are both \"\(quote)\"; choose two")
        }
        let marks: Set<Character> = [delimiter, quote, "\n", "\r", "\r\n"]
        for text in nullText where text.contains(where: marks.contains) {
            throw .invalidOptions(
                reason: "the null text \"\(text)\" contains a delimiter, a quote or a line end; "
                    + "leave it out, since such a text is never a cell of its own")
        }
    }
}
