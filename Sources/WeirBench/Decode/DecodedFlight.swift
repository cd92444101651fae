import Weir

/// A flight with all 19 columns of the data in `examples/flights`.
struct DecodedFlight: Record {
    var year = 0, month = 0, day = 0
    var departed: Int?
    var scheduledDeparture = 0
    var departureDelay: Double?
    var arrived: Int?
    var scheduledArrival = 0
    var arrivalDelay: Double?
    var carrier = ""
    var number = 0
    var tail: String?
    var origin = "", destination = ""
    var airTime: Double?
    var distance = 0.0
    var hour = 0, minute = 0
    var time = Timestamp.epoch

    static let schema = Schema {
        DecodedFlight()
    } fields: {
        Field("year", \.year)
        Field("month", \.month)
        Field("day", \.day)
        Field("dep_time", \.departed, doc: "local, hhmm; absent when cancelled")
        Field("sched_dep_time", \.scheduledDeparture)
        Field("dep_delay", \.departureDelay, unit: "minutes")
        Field("arr_time", \.arrived)
        Field("sched_arr_time", \.scheduledArrival)
        Field("arr_delay", \.arrivalDelay, unit: "minutes")
        Field("carrier", \.carrier)
        Field("flight", \.number)
        Field("tailnum", \.tail)
        Field("origin", \.origin)
        Field("dest", \.destination)
        Field("air_time", \.airTime, unit: "minutes")
        Field("distance", \.distance, unit: "miles")
        Field("hour", \.hour)
        Field("minute", \.minute)
        Field("time_hour", \.time, doc: "hour of the scheduled departure, UTC")
    }
}
