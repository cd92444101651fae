import Testing
import WeirCore

@Suite struct `Spelled-out durations` {
    @Test(arguments: [
        (Duration.zero, "0 s"), (.hours(24), "24 h"), (.seconds(90), "1 min 30 s"),
        (.milliseconds(1), "1 ms"), (.milliseconds(1_500), "1 s 500 ms"),
        (.microseconds(-61_000_000), "-1 min 1 s"), (.microseconds(7), "7 µs"),
        (.microseconds(Int64.min), "-2562047788 h 54 s 775 ms 808 µs"),
    ])
    func `are exact, in the units people say`(span: Duration, text: String) {
        #expect(span.spelledOut == text)
    }
}
