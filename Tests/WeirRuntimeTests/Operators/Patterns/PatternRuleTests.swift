import Testing
import WeirCore
import WeirRuntime
import WeirTesting

@Suite struct `Stages of a pattern follow each other` {
    @Test func `directly with next`() throws {
        #expect(try found(pattern.begin("a").next("b"), in: "a c b1 b2") == [])
        #expect(
            try found(pattern.begin("a").next("b"), in: "a1 b1 a2 c a3 b2") == ["a1 b1", "a3 b2"])
    }

    @Test func `with the first that satisfies the condition with followedBy`() throws {
        #expect(try found(pattern.begin("a").followedBy("b"), in: "a c b1 b2") == ["a b1"])
    }

    @Test func `with each that satisfies the condition with followedByAny`() throws {
        #expect(
            try found(pattern.begin("a").followedByAny("b"), in: "a c b1 b2") == ["a b1", "a b2"])
    }

    @Test func `with one record each, and each record may begin a match`() throws {
        #expect(try found(pattern.begin("a"), in: "a1 b a2") == ["a1", "a2"])
        let twice = pattern.begin("first") { $0.is("a") }.followedBy("second") { $0.is("a") }
        #expect(try found(twice, in: "a1 a2 a3") == ["a1 a2", "a2 a3"])
    }

    @Test func `also where an optional stage between is left out`() throws {
        let optional = pattern.begin("a").followedBy("b").optional().followedBy("c")
        #expect(try found(optional, in: "a x b c") == ["a b c", "a c"])
        #expect(try found(optional, in: "a x c") == ["a c"])
        let strict = pattern.begin("a").next("b").optional().next("c")
        #expect(try found(strict, in: "a c") == ["a c"])
        #expect(try found(strict, in: "a b c") == ["a b c"])
        #expect(try found(strict, in: "a x c") == [])
    }

    @Test func `from an optional first stage or from the one behind it`() throws {
        #expect(
            try found(pattern.begin("a").optional().followedBy("b"), in: "a b") == ["a b", "b"])
    }

    @Test func `and an optional last stage makes a match without and with it`() throws {
        #expect(try found(pattern.begin("a").next("b").optional(), in: "a b") == ["a", "a b"])
    }
}

@Suite struct `A stage that repeats` {
    private let input = "a b1 d1 b2 d2 b3 c"

    @Test func `takes records with others between, unless told otherwise`() throws {
        let repeated = pattern.begin("a").followedByAny("b").oneOrMore().followedBy("c")
        #expect(
            try found(repeated, in: input) == [
                "a b1 b2 b3 c", "a b1 b2 c", "a b1 c", "a b2 b3 c", "a b2 c", "a b3 c",
            ])
    }

    @Test func `takes records that follow directly with consecutive`() throws {
        let strict = pattern.begin("a").followedByAny("b").oneOrMore().consecutive().next("c")
        #expect(try found(strict, in: input) == ["a b3 c"])
        let relaxed = pattern.begin("c").followedBy("a").oneOrMore().consecutive().followedBy("b")
        #expect(
            try found(relaxed, in: "c d a1 a2 a3 d a4 b") == [
                "c a1 a2 a3 b", "c a1 a2 b", "c a1 b",
            ])
    }

    @Test func `passes over records that it could take with allowingCombinations`() throws {
        let any = pattern.begin("a").followedByAny("b").oneOrMore().allowingCombinations()
            .followedBy("c")
        #expect(
            try found(any, in: input) == [
                "a b1 b2 b3 c", "a b1 b2 c", "a b1 b3 c", "a b1 c", "a b2 b3 c", "a b2 c", "a b3 c",
            ])
        let all = pattern.begin("c").followedByAny("a").oneOrMore().allowingCombinations()
            .followedBy("b")
        #expect(try found(all, in: "c d a1 a2 a3 d a4 b").count == 15)
    }

    @Test func `takes exactly so many with times`() throws {
        #expect(
            try found(pattern.begin("a").times(3), in: "a1 a2 b a3 a4")
                == ["a1 a2 a3", "a2 a3 a4"])
        #expect(
            try found(pattern.begin("a").times(2).consecutive(), in: "a1 a2 b a3 a4")
                == ["a1 a2", "a3 a4"])
    }

    @Test func `takes from so many to so many with a range`() throws {
        let range = pattern.begin("a").times(2...3).next("b")
        #expect(try found(range, in: "a1 a2 a3 b") == ["a1 a2 a3 b", "a2 a3 b"])
        #expect(try found(pattern.begin("a").times(1...2), in: "a1 a2") == ["a1", "a1 a2", "a2"])
        #expect(
            try found(pattern.begin("a").times(2...), in: "a1 a2 a3")
                == ["a1 a2", "a1 a2 a3", "a2 a3"])
        #expect(
            try found(pattern.begin("x").next("a").times(0...1).next("b"), in: "x1 b1 x2 a b2")
                == ["x1 b1", "x2 a b2"])
    }

    @Test func `may be left out with zeroOrMore`() throws {
        let zero = pattern.begin("x").followedBy("a").zeroOrMore().next("b")
        #expect(try found(zero, in: "x b") == ["x b"])
        #expect(try found(zero, in: "x a1 a2 b") == ["x a1 a2 b"])
    }

    @Test func `is left out or taken in full with times and optional`() throws {
        let twice = pattern.begin("x").next("a").times(2).consecutive().optional().next("b")
        #expect(try found(twice, in: "x b") == ["x b"])
        #expect(try found(twice, in: "x a b") == [])
        #expect(try found(twice, in: "x a1 a2 b") == ["x a1 a2 b"])
    }

    @Test func `takes no record at which it must stop, and none after`() throws {
        let until = pattern.begin("a").oneOrMore().until { $0.is("b") }
        #expect(try found(until, in: "a1 c a2 b a3") == ["a1", "a1 a2", "a2", "a3"])
    }

    @Test func `does not take the record at which it must stop though it satisfies its condition`()
        throws
    {
        let stop: @Sendable (Letter) -> Bool = { $0.number == 5 }
        let until = pattern.begin("c").followedBy("a").oneOrMore().until(stop)
            .followedBy("end", where: stop)
        #expect(try found(until, in: "c a1 a2 a5 a6") == ["c a1 a2 a5", "c a1 a5"])
        let any = pattern.begin("c").followedByAny("a").oneOrMore().until(stop)
        #expect(try found(any, in: "c a1 a2 a5 a3") == ["c a1", "c a1 a2", "c a2", "c a3"])
    }

    @Test func `stops by a condition that sees the match so far`() throws {
        let until = pattern.begin("a").oneOrMore().until { $1.count(of: "a") == 2 }
        #expect(
            try found(until, in: "a1 a2 a3 a4") == [
                "a1", "a1 a2", "a2", "a2 a3", "a3", "a3 a4", "a4",
            ])
    }
}

@Suite struct `A greedy stage` {
    @Test func `is not left while it can take records`() throws {
        let zero = pattern.begin("c").followedBy("a").zeroOrMore().greedy().followedBy("d")
        #expect(try found(zero, in: "c a1 a2 a3 d") == ["c a1 a2 a3 d"])
        #expect(try found(zero, in: "c x a1 x a2 x a3 d") == ["c a1 a2 a3 d"])
        #expect(try found(zero, in: "c a1 a2 x d") == ["c a1 a2 d"])
        #expect(try found(zero, in: "c x d") == ["c d"])
        let one = pattern.begin("c").followedBy("a").oneOrMore().greedy().followedBy("d")
        #expect(try found(one, in: "c a1 a2 a3 d") == ["c a1 a2 a3 d"])
        #expect(try found(one, in: "c x d") == [])
        let range = pattern.begin("c").followedBy("a").times(2...5).greedy().followedBy("d")
        #expect(try found(range, in: "c a1 a2 a3 a4 d") == ["c a1 a2 a3 a4 d"])
    }

    @Test func `leaves optional stages behind it free`() throws {
        let optional = pattern.begin("c").followedBy("a").zeroOrMore().greedy()
            .followedBy("d").optional().followedBy("e")
        #expect(try found(optional, in: "c a1 a2 x e") == ["c a1 a2 e"])
        #expect(try found(optional, in: "c a1 a2 d e") == ["c a1 a2 d e", "c a1 a2 e"])
    }

    @Test func `is left when it must stop`() throws {
        let stop: @Sendable (Letter) -> Bool = { $0.number > 3 }
        let zero = pattern.begin("c").followedBy("a").zeroOrMore().greedy().until(stop)
            .followedBy("d")
        #expect(try found(zero, in: "c a1 a2 a3 a4 d") == ["c a1 a2 a3 d"])
        #expect(try found(zero, in: "c a4 a1 a2 a3 d") == ["c d"])
        let one = pattern.begin("c").followedBy("a").oneOrMore().greedy().until(stop)
            .followedBy("d")
        #expect(try found(one, in: "c a4 a1 a2 a3 d") == [])
    }

    @Test func `changes nothing at the end of a pattern`() throws {
        let end = pattern.begin("c").followedBy("a").zeroOrMore().greedy()
        #expect(try found(end, in: "c a1 a2 x a3") == ["c", "c a1", "c a1 a2", "c a1 a2 a3"])
        let strict = pattern.begin("c").followedBy("a").zeroOrMore().consecutive().greedy()
        #expect(try found(strict, in: "c a1 a2 x a3") == ["c", "c a1", "c a1 a2"])
    }

    @Test func `takes a record that the next stage could take as well`() throws {
        let both = pattern.begin("c").next("a").oneOrMore().greedy().next("any") { _ in true }
        #expect(try found(both, in: "c a1 a2 d") == ["c a1 a2 d"])
    }
}

@Suite struct `A negative stage` {
    @Test func `forbids the next record with notNext`() throws {
        let any = pattern.begin("a").notNext("b").followedByAny("c").followedBy("d")
        #expect(try found(any, in: "a c1 b c2 d") == ["a c1 d", "a c2 d"])
        #expect(try found(any, in: "a b c1 c2 d") == [])
    }

    @Test func `at the end lets the next record decide with notNext`() throws {
        let end = pattern.begin("a").notNext("b")
        #expect(try found(end, in: "a1 b a2 c a3") == ["a2"])
        let after = pattern.begin("a").followedByAny("c").followedByAny("d").notNext("b")
        #expect(try found(after, in: "a c1 c2 d b") == [])
    }

    @Test func `forbids records up to the next stage with notFollowedBy`() throws {
        let any = pattern.begin("a").notFollowedBy("b").followedByAny("c").followedBy("d")
        #expect(try found(any, in: "a c1 b c2 d") == ["a c1 d"])
        let relaxed = pattern.begin("a").notFollowedBy("b").followedBy("c").followedBy("d")
        #expect(try found(relaxed, in: "a1 b c1 a2 c2 d") == ["a2 c2 d"])
    }

    @Test func `holds until a stage takes a record, where those behind it may be left out`() throws
    {
        let optional = pattern.begin("a").notFollowedBy("b").followedByAny("c").optional()
            .followedBy("d")
        #expect(try found(optional, in: "a c1 b c2 d") == ["a c1 d"])
        let twice = pattern.begin("a").notFollowedBy("b").followedByAny("c").times(2).optional()
            .followedBy("d")
        #expect(try found(twice, in: "a c1 b c2 d") == ["a c1 c2 d"])
        let end = pattern.begin("a").notFollowedBy("b").followedByAny("c").optional()
        #expect(try found(end, in: "a c1 b c2") == ["a", "a c1"])
    }

    @Test func `behind a stage that repeats watches from the first record it takes`() throws {
        let times = pattern.begin("a").followedByAny("b").times(2).notFollowedBy("c").followedBy(
            "d")
        #expect(try found(times, in: "a b1 c b2 d") == [])
        let any = pattern.begin("a").followedByAny("b").oneOrMore().notFollowedBy("c")
            .followedBy("d")
        #expect(
            try found(any, in: "a b1 b2 b3 c b4 b5 b6 d") == [
                "a b4 b5 b6 d", "a b4 b5 d", "a b4 d", "a b5 b6 d", "a b5 d", "a b6 d",
            ])
        let relaxed = pattern.begin("a").followedBy("b").oneOrMore().notFollowedBy("c")
            .followedBy("d")
        #expect(try found(relaxed, in: "a b1 b2 b3 c b4 b5 b6 d") == [])
    }

    @Test func `behind a stage that repeats asks wherever that could be left with notNext`() throws
    {
        let relaxed = pattern.begin("a").followedBy("b").oneOrMore().notNext("c").followedBy("d")
        #expect(try found(relaxed, in: "a b1 c b2 d") == [])
        let any = pattern.begin("a").followedByAny("b").oneOrMore().notNext("c").followedBy("d")
        #expect(try found(any, in: "a b1 c b2 d") == ["a b2 d"])
    }

    @Test func `before a stage that repeats ends with the first record it takes`() throws {
        let before = pattern.begin("a").notFollowedBy("c").followedByAny("b").oneOrMore()
            .followedBy("d")
        #expect(
            try found(before, in: "a b1 c b4 b5 b6 d")
                == ["a b1 b4 b5 b6 d", "a b1 b4 b5 d", "a b1 b4 d", "a b1 d"])
    }

    @Test func `counts also where the record satisfies the next stage`() throws {
        let both = pattern.begin("a").notFollowedBy("bad") { $0.number == 9 }.followedBy("c")
        #expect(try found(both, in: "a c9 c1") == [])
    }

    @Test func `asks by a condition that sees the match so far`() throws {
        let same = pattern.begin("a").notFollowedBy("same") { $0.number == $1.first("a")?.number }
            .followedBy("c")
        #expect(try found(same, in: "a1 a2 b1 c3") == ["a2 c3"])
    }
}

@Suite struct `A condition` {
    @Test func `sees the records taken so far, by stage`() throws {
        let rising = pattern.begin("low") { $0.is("a") }.followedBy("high") { record, match in
            record.number > (match.last("low")?.number ?? .max)
        }
        #expect(try found(rising, in: "a5 b3 b7 a6 b8") == ["a5 b7", "a6 b8"])
        let sum = pattern.begin("part") { record, match in
            match["part"].reduce(record.number) { $0 + $1.number } <= 6
        }.times(2...)
        #expect(try found(sum, in: "a1 a2 a3 a4") == ["a1 a2", "a1 a2 a3", "a2 a3"])
    }

    @Test func `of the first stage sees no record`() throws {
        let first = pattern.begin("a") { $0.is("a") && $1.isEmpty }.next("b") { $1.count == 1 }
        #expect(try found(first, in: "a1 b a2 a3") == ["a1 b", "a2 a3"])
    }

    @Test func `that throws stops the job with the record`() throws {
        let failing = pattern.begin("a") { record in
            if record.is("x") { throw TestError("no such letter") }
            return record.is("a")
        }
        let harness = try StepHarness(.forTesting(), matching(failing))
        for letter in Letter.all("a b x") { try harness.send(letter, at: letter.at) }
        let error = #expect(throws: OperatorFailure.self) { try harness.send(.end) }
        #expect(
            error?.description
                == "job 'test', operator 'step', subtask 0, on the record x: no such letter")
    }
}

@Suite struct `After a match, records may belong to further matches` {
    private func skip(_ skip: AfterMatchSkip) -> Pattern<Letter> {
        pattern.begin("b").oneOrMore().consecutive().next("c").afterMatch(skip)
    }

    @Test func `whatever they belong to with noSkip`() throws {
        #expect(try found(skip(.noSkip), in: "b1 b2 b3 c") == ["b1 b2 b3 c", "b2 b3 c", "b3 c"])
        #expect(
            try found(pattern.begin("a").times(3), in: "a1 a2 a3 a4 a5").count == 3)
    }

    @Test func `that begin with another record with skipToNext`() throws {
        #expect(
            try found(skip(.skipToNext), in: "b1 b2 b3 c") == ["b1 b2 b3 c", "b2 b3 c", "b3 c"])
        let open = pattern.begin("a").next("b").oneOrMore()
        #expect(try found(open, in: "a b1 b2 b3") == ["a b1", "a b1 b2", "a b1 b2 b3"])
        #expect(try found(open.afterMatch(.skipToNext), in: "a b1 b2 b3") == ["a b1"])
        let any = pattern.begin("a").followedByAny("b").afterMatch(.skipToNext)
        #expect(try found(any, in: "a1 b1 a2 b2") == ["a1 b1", "a2 b2"])
    }

    @Test func `that begin after it with skipPastLastEvent`() throws {
        #expect(try found(skip(.skipPastLastEvent), in: "b1 b2 b3 c") == ["b1 b2 b3 c"])
        let times = pattern.begin("a").times(3).afterMatch(.skipPastLastEvent)
        #expect(try found(times, in: "a1 a2 a3 a4 a5 a6") == ["a1 a2 a3", "a4 a5 a6"])
        let any = pattern.begin("a").followedByAny("b").followedByAny("c").followedBy("d")
            .afterMatch(.skipPastLastEvent)
        #expect(try found(any, in: "a1 a2 b1 b2 c1 c2 d1 d2") == ["a1 b1 c1 d1"])
        let strict = pattern.begin("a").next("b").afterMatch(.skipPastLastEvent)
        #expect(try found(strict, in: "a1 c a2 b2") == ["a2 b2"])
    }

    @Test func `that begin with a stage's first record or after with skipToFirst`() throws {
        #expect(
            try found(skip(.skipToFirst(of: "b")), in: "b1 b2 b3 c")
                == ["b1 b2 b3 c", "b2 b3 c", "b3 c"])
        let pairs = pattern.begin("start") { $0.is("ab") }.times(2).next("end") { $0.is("ab") }
            .times(2)
        #expect(
            try found(pairs.afterMatch(.skipToFirst(of: "end")), in: "ab1 ab2 ab3 ab4 ab5 ab6")
                == ["ab1 ab2 ab3 ab4", "ab3 ab4 ab5 ab6"])
    }

    @Test func `that begin with a stage's last record or after with skipToLast`() throws {
        #expect(
            try found(skip(.skipToLast(of: "b")), in: "b1 b2 b3 c") == ["b1 b2 b3 c", "b3 c"])
        let pairs = pattern.begin("start") { $0.is("ab") }.times(2).next("end") { $0.is("ab") }
            .times(2)
        #expect(
            try found(pairs.afterMatch(.skipToLast(of: "end")), in: "ab1 ab2 ab3 ab4 ab5 ab6 ab7")
                == ["ab1 ab2 ab3 ab4", "ab4 ab5 ab6 ab7"])
    }

    @Test func `as without skipping where the match has no record of the stage`() throws {
        let optional = pattern.begin("x").zeroOrMore().next("b").next("c")
            .afterMatch(.skipToFirst(of: "x"))
        #expect(try found(optional, in: "b1 c1 b2 c2") == ["b1 c1", "b2 c2"])
    }

    @Test func `and one that is complete waits for those that began before it`() throws {
        let pair = pattern.begin("first") { $0.is("a") }
            .followedBy("second") { $0.is("b") && $0.number == $1.first("first")?.number }
            .within(.microseconds(10))
        #expect(try found(pair, in: "a1 a2 b2 b1") == ["a2 b2", "a1 b1"])
        #expect(try found(pair.afterMatch(.skipToNext), in: "a1 a2 b2 b1") == ["a1 b1", "a2 b2"])
        #expect(try found(pair.afterMatch(.skipPastLastEvent), in: "a1 a2 b2 b1") == ["a1 b1"])
        #expect(try found(pair.afterMatch(.skipPastLastEvent), in: "a1 a2 b2 x@30") == ["a2 b2"])
        let end = pattern.begin("a").times(1...).next("b").notFollowedBy("c")
            .within(.microseconds(10)).afterMatch(.skipPastLastEvent)
        #expect(try found(end, in: "a1 a2 b x@30") == ["a1 a2 b"])
    }
}
