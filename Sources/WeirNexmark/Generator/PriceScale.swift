import Foundation

/// The scale that prices are drawn from: 100 to 100,000,000 cents, spread evenly over the logarithm.
enum PriceScale {
    /// How far, in cents, `exp2` may be off from the specification's `pow`: a hundred times what it is.
    private static var doubt: Double { 1e-5 }

    /// Draws a price, in cents.
    static func draw(_ random: inout SplitMix64) -> Int { price(at: random.unit()) }

    /// The price at a place of the scale, which is 0 or more and less than 1.
    ///
    /// `exp2` takes half the time of `pow`, and gives another price only next to where one ends and the
    /// next begins: there, one time in 50,000, `pow` decides.
    static func price(at place: Double) -> Int {
        let rounded = exp2(place * (6 * 3.321_928_094_887_362_3)) * 100 + 0.5
        let price = Int(rounded)
        let remainder = rounded - Double(price)
        if remainder > doubt && remainder < 1 - doubt { return price }
        return exactPrice(at: place)
    }

    /// The price as the specification computes it.
    @inline(never) static func exactPrice(at place: Double) -> Int {
        Int((pow(10, place * 6) * 100 + 0.5).rounded(.down))
    }
}
