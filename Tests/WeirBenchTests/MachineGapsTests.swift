import Testing

@Suite struct `What the machine did to a job` {
    @Test func `counts sleeps that end late, from half a millisecond on`() {
        var gaps = SleepGaps()
        for number in 0..<997 { gaps.add(late: 60_000, at: number * 1_000_000) }
        gaps.add(late: 499_999, at: 1_000_000_000)
        gaps.add(late: 500_000, at: 1_001_000_000)
        gaps.add(late: 900_000, at: 1_002_000_000)
        #expect(gaps.gaps == 2)
        #expect(gaps.total == 1_400_000)
        #expect(gaps.longest == 900_000)
        #expect(gaps.longestAt == 1_002_000_000)
        #expect(abs(gaps.milliseconds(at: 50) - 0.06) < 0.001)
        #expect(abs(gaps.milliseconds(at: 100) - 0.9) < 0.001)
    }

    @Test func `counts a long stall for each sleep that it made impossible`() {
        var gaps = SleepGaps()
        for number in 0..<100 { gaps.add(late: 0, at: number * 1_000_000) }
        gaps.add(late: 100_000_000, at: 200_000_000)
        #expect(gaps.gaps == 1)
        #expect(gaps.total == 100_000_000)
        // Half of the time was that stall: a quarter of it was spent with more than 50 ms to go.
        #expect(abs(gaps.milliseconds(at: 75) - 50) < 2)
    }

    @Test func `takes a clock that goes back for no lateness`() {
        var gaps = SleepGaps()
        gaps.add(late: -1_000, at: 5)
        #expect(gaps.longest == 0)
        #expect(gaps.milliseconds(at: 100) == 0)
    }

    @Test func `adds up what threads wait from the first look on`() {
        var waits = CoreWaits()
        waits.add([1: 5_000, 2: 70], at: 10)
        #expect(waits.total == 0)
        waits.add([1: 5_300, 2: 70, 3: 40], at: 20)
        waits.add([1: 5_310, 3: 140], at: 30)
        #expect(waits.total == 300 + 40 + 10 + 100)
        #expect(waits.longest == 300)
        #expect(waits.longestAt == 20)
    }

    @Test func `takes a thread that has waited less for another one with the same number`() {
        var waits = CoreWaits()
        waits.add([7: 900], at: 10)
        waits.add([7: 30], at: 20)
        #expect(waits.total == 30)
    }

    @Test func `reads what the kernel says of a thread`() {
        #expect(CoreWaits.waited(in: "814386 3690337 12\n") == 3_690_337)
        #expect(CoreWaits.waited(in: "814386 3690337\n") == nil)
        #expect(CoreWaits.waited(in: "814386 none 12\n") == nil)
        #expect(CoreWaits.waited(in: "") == nil)
    }

    @Test func `reads what the host took`() {
        let text = """
            cpu  1793826 7406 119120 814386 5065 0 1593 931 0 0
            cpu0 850972 3329 55376 458100 2107 0 142 469 0 0
            intr 12
            """
        #expect(StolenTime.ticks(in: text) == 931)
        #expect(StolenTime.ticks(in: "cpu  1 2 3 4\n") == nil)
        #expect(StolenTime.ticks(in: "cpu0 1 2 3 4 5 6 7 8\n") == nil)
    }

    @Test func `says what it saw, and what it could not see`() {
        var gaps = SleepGaps()
        gaps.add(late: 4_000_000, at: 12_300_000_000)
        var waits = CoreWaits()
        waits.add([1: 0], at: 0)
        waits.add([1: 3_900_000], at: 12_350_000_000)
        let seen = MachineGaps(gaps, waits, preemptions: 2, stolenMilliseconds: 10)
        #expect(
            seen.text.split(separator: "\n").dropFirst() == [
                "threads ready without a core: 3.9 ms in all, at most 3.9 within 50 ms (12.3 s); "
                    + "2 preempted; taken by the host: 10 ms"
            ])
        #expect(seen.text.contains("most 4.000 (12.3 s); 1 by more than 0.5 ms, 4.0 ms in all\n"))
        let unseen = MachineGaps(gaps, nil, preemptions: 0, stolenMilliseconds: nil)
        #expect(
            unseen.text.hasSuffix(
                "threads ready without a core: unknown; 0 preempted; taken by the host: unknown"))
    }
}
