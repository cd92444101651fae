import Foundation

extension Double {
    /// This number with so many digits after the point.
    func text(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

extension String {
    /// This text filled up with spaces: behind it, or before it for a negative width.
    func padded(_ width: Int) -> String {
        let missing = String(repeating: " ", count: max(0, abs(width) - count))
        return width < 0 ? missing + self : self + missing
    }
}
