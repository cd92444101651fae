internal import ArgumentParser

/// A number of bytes as an argument, with its unit: `512MB`, `1.5GB`, `64MiB`, `4096B`.
struct SizeArgument: Hashable, Sendable {
    let bytes: Int

    /// - Returns: `nil` for what is no size, is not a byte at least, or is more than a petabyte.
    init?(_ text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let unit = text[digits.endIndex...].trimmingPrefix(" ").lowercased()
        guard let scale = Self.bytesOfUnit[unit], let number = Double(digits),
            1...1e15 ~= number * scale
        else { return nil }
        bytes = Int((number * scale).rounded())
    }

    private static let bytesOfUnit: [String: Double] = [
        "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1_024, "mib": 1_048_576, "gib": 1_073_741_824, "tib": 1_099_511_627_776,
    ]
}

extension SizeArgument: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
