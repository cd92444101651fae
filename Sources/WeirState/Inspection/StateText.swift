import WeirCore

/// Text of JSON.
enum StateText {
    /// A string of JSON with these characters.
    static func quoted(_ text: String) -> String {
        var output: [UInt8] = []
        text.writeField(json: &output)
        return String(decoding: output, as: UTF8.self)
    }
}
