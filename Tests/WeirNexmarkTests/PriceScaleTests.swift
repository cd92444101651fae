import Testing

@testable import WeirNexmark

@Suite("Prices") struct PriceScaleTests {
    @Test func `lie between one and a million, spread evenly over the logarithm`() {
        var random = SplitMix64(seed: 3)
        let prices = (0..<10_000).map { _ in PriceScale.draw(&random) }
        #expect(prices.allSatisfy { (100...100_000_000).contains($0) })
        for low in [100, 10_000, 1_000_000] {
            let share = prices.count { (low..<low * 100).contains($0) }
            #expect((3_100...3_570).contains(share))
        }
    }

    @Test func `are the specification's wherever they are drawn`() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<200_000 {
            let place = random.unit()
            #expect(PriceScale.price(at: place) == PriceScale.exactPrice(at: place))
        }
    }

    @Test func `are the specification's next to where one ends and the next begins`() throws {
        var random = SplitMix64(seed: 7)
        for _ in 0..<20_000 {
            // The least place with this price, to the last bit.
            let price = PriceScale.exactPrice(at: random.unit())
            guard price > 100 else { continue }
            var (below, least) = (0.0, 1.0.nextDown)
            while below.nextUp < least {
                let middle = below + (least - below) / 2
                if PriceScale.exactPrice(at: middle) < price {
                    below = middle
                } else {
                    least = middle
                }
            }
            for place in [below.nextDown, below, least, least.nextUp] {
                #expect(PriceScale.price(at: place) == PriceScale.exactPrice(at: place))
            }
        }
    }

    @Test func `at either end of the scale are the specification's`() {
        for place in [0.0, 0.0.nextUp, 0x1p-53, 1.0.nextDown, 1 - 0x1p-53] {
            #expect(PriceScale.price(at: place) == PriceScale.exactPrice(at: place))
        }
    }
}
