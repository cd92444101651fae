import Testing
import WeirCore

@Suite struct `A timestamp` {
    @Test func `moves by durations`() {
        let noon = Timestamp(seconds: 43_200)
        #expect(noon + .hours(1) == Timestamp(seconds: 46_800))
        #expect(noon - .days(1) == Timestamp(seconds: -43_200))
        #expect(noon + .microseconds(-1) == Timestamp(microseconds: 43_199_999_999))
        #expect(noon + .nanoseconds(1_999) == Timestamp(microseconds: 43_200_000_001))
        #expect(noon - Timestamp(seconds: 43_260) == .minutes(-1))
        #expect(Timestamp(milliseconds: -1) == Timestamp(microseconds: -1_000))
        #expect(noon > .epoch && noon < .latest && noon > .earliest)
    }

    @Test(arguments: [Int64.max, Int64.max / 60 + 1] as [Int64])
    func `is moved by a span of absurd length, as a field of a record may hold`(count: Int64) {
        for span in [Duration.minutes(count), .hours(count), .days(count)] {
            #expect(span == .seconds(Int64.max))
            #expect(Timestamp.epoch + span == .latest)
        }
        for span in [Duration.minutes(-count), .hours(-count), .days(-count)] {
            #expect(span == .seconds(Int64.min))
            #expect(Timestamp.epoch + span == .earliest)
        }
    }

    @Test func `stays at the ends instead of overflowing`() {
        #expect(Timestamp.latest + .seconds(1) == .latest)
        #expect(Timestamp.earliest + .seconds(-1) == .earliest)
        #expect(Timestamp.earliest - .seconds(1) == .earliest)
        #expect(Timestamp.latest - .seconds(-1) == .latest)
        #expect(Timestamp.epoch + .seconds(Int64.max) == .latest)
        #expect(Timestamp.epoch - .seconds(Int64.max) == Timestamp(microseconds: -Int64.max))
        #expect(Timestamp(microseconds: -2) - .seconds(Int64.max) == .earliest)
        #expect(Timestamp.epoch + .seconds(Int64.min) == .earliest)
        #expect(Timestamp.epoch - .seconds(Int64.min) == .latest)
        #expect(Timestamp.latest - .earliest == .microseconds(Int64.max))
        #expect(Timestamp.earliest - .latest == .microseconds(Int64.min))
        #expect(Timestamp.latest.advanced(byMicroseconds: 1) == .latest)
        #expect(Timestamp.earliest.advanced(byMicroseconds: -1) == .earliest)
    }

    @Test func `of seconds and milliseconds out of range is the end on that side`() {
        #expect(Timestamp(seconds: .max) == .latest)
        #expect(Timestamp(seconds: .min) == .earliest)
        #expect(Timestamp(milliseconds: .max) == .latest)
        #expect(Timestamp(milliseconds: .min) == .earliest)
        #expect(Timestamp(seconds: Int64.max / 1_000_000).microseconds == 9_223_372_036_854_000_000)
    }

    @Test(
        arguments: [
            (0, 0), (1, 0), (3_599_999_999, 0), (3_600_000_000, 3_600_000_000),
            (-1, -3_600_000_000), (-3_600_000_000, -3_600_000_000),
            (-3_600_000_001, -7_200_000_000),
        ] as [(Int64, Int64)])
    func `rounds down to the hour, before 1970 too`(time: Int64, hour: Int64) {
        #expect(Timestamp(microseconds: time).floor(to: .hours(1)) == Timestamp(microseconds: hour))
    }

    @Test func `rounds down at the ends of time`() {
        #expect(Timestamp.earliest.floor(to: .hours(1)) == .earliest)
        #expect(Timestamp.latest.floor(to: .microseconds(1)) == .latest)
        #expect(Timestamp(seconds: 5).floor(to: .seconds(Int64.max)) == .epoch)
        #expect(Timestamp(seconds: -5).floor(to: .seconds(Int64.max)).microseconds == -Int64.max)
    }

    @Test func `floor is at most one interval before, and a multiple of it`() {
        let width: Int64 = 7_000_003
        for time in stride(from: Int64(-50_000_000), to: 50_000_000, by: 999_983) {
            let start = Timestamp(microseconds: time).floor(to: .microseconds(width)).microseconds
            #expect(start <= time && time - start < width && start % width == 0)
        }
    }
}

@Suite struct `Duration in microseconds` {
    @Test func `rounds toward zero and stays in range`() {
        #expect(Duration.nanoseconds(1_999).wholeMicroseconds == 1)
        #expect(Duration.nanoseconds(-1_999).wholeMicroseconds == -1)
        #expect(Duration.seconds(Int64.max).wholeMicroseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeMicroseconds == .min)
        #expect(Duration.microseconds(Int64.max).wholeMicroseconds == .max)
        #expect(Duration.microseconds(Int64.min).wholeMicroseconds == .min)
        #expect((.microseconds(Int64.max) + Duration.microseconds(1)).wholeMicroseconds == .max)
        #expect((.microseconds(Int64.min) - Duration.microseconds(1)).wholeMicroseconds == .min)
        #expect(Duration.days(2) == .hours(48) && Duration.hours(1) == .minutes(60))
    }
}
