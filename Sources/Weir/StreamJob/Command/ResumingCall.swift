/// The call of a program that goes on with a run which has stopped: the same, with `--restore latest`.
struct ResumingCall {
    /// As a shell reads it.
    let text: String

    /// - Parameters:
    ///   - program: The program's name.
    ///   - arguments: What it was called with.
    init(_ program: String, _ arguments: [String]) {
        var kept: [String] = []
        var isValue = false
        for argument in arguments {
            if isValue {
                isValue = false
            } else if argument == "--restore" {
                isValue = true
            } else if !argument.hasPrefix("--restore=") {
                kept.append(argument)
            }
        }
        text = ([program] + kept + ["--restore", "latest"]).map(Self.quoted)
            .joined(separator: " ")
    }

    private static func quoted(_ argument: String) -> String {
        let plain = argument.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_=./:,@%+".utf8.contains(byte)
            }
        }
        if plain, !argument.isEmpty { return argument }
        return "'" + argument.replacing("'", with: "'\\''") + "'"
    }
}
