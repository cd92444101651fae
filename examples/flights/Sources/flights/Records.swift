import Weir

/// A scheduled departure, as far as this job reads it.
struct Flight: Record {
    var carrier = "", origin = ""
    var hour = Timestamp.epoch
    var minute = 0
    var departed: Int?
    var delay: Double?

    /// When it should have left.
    var scheduled: Timestamp { hour + .minutes(Int64(minute)) }
    var isCancelled: Bool { departed == nil }
    var hasDelay: Bool { delay != nil }

    static let schema = Schema(Flight.init) {
        Field("carrier", \.carrier, doc: "the airline's code")
        Field("origin", \.origin, doc: "the airport it leaves from")
        Field("time_hour", \.hour, doc: "hour of the scheduled departure, UTC")
        Field("minute", \.minute, doc: "minute of the scheduled departure")
        Field("dep_time", \.departed, doc: "local time of departure, hhmm; absent when cancelled")
        Field("dep_delay", \.delay, doc: "minutes late, negative when early", unit: "minutes")
    }
}

/// The weather at an airport in one hour.
struct Weather: Record {
    var origin = ""
    var hour = Timestamp.epoch
    var rain: Double?

    static let schema = Schema(Weather.init) {
        Field("origin", \.origin)
        Field("time_hour", \.hour, doc: "hour of the observation, UTC")
        Field("precip", \.rain, unit: "inches")
    }
}

/// An airline's name.
struct Airline: Record {
    var carrier = "", name = ""

    static let schema = Schema(Airline.init) {
        Field("carrier", \.carrier)
        Field("name", \.name)
    }
}

/// Departures of an airport in one hour.
struct HourlyDepartures: Record {
    var origin = "", hour = Timestamp.epoch, flights = 0, cancelled = 0
    var meanDelay: Double?, maxDelay: Double?

    static let schema = Schema {
        HourlyDepartures()
    } fields: {
        Field("origin", \.origin)
        Field("hour", \.hour)
        Field("flights", \.flights, doc: "all that were scheduled")
        Field("cancelled", \.cancelled)
        Field("mean_dep_delay", \.meanDelay, unit: "minutes")
        Field("max_dep_delay", \.maxDelay, unit: "minutes")
    }
}

/// A carrier among the three worst of a day's window.
struct WorstCarrier: Record {
    var windowStart = Timestamp.epoch, rank = 0, carrier = "", name: String?
    var departures = 0, meanDelay: Double?

    static let schema = Schema {
        WorstCarrier()
    } fields: {
        Field("window_start", \.windowStart)
        Field("rank", \.rank, doc: "1 is the worst")
        Field("carrier", \.carrier)
        Field("name", \.name)
        Field("departures", \.departures)
        Field("mean_dep_delay", \.meanDelay, unit: "minutes")
    }
}

extension WorstCarrier {
    func ranked(_ rank: Int) -> WorstCarrier {
        var copy = self
        copy.rank = rank
        return copy
    }

    func named(_ name: String?) -> WorstCarrier {
        var copy = self
        copy.name = name
        return copy
    }
}

/// A flight with what matters of the weather when it should have left.
struct Departure {
    var origin: String, day: Timestamp, delay: Double?, isRainy: Bool
}

/// How rain went with delays at an airport on one day.
struct WeatherImpact: Record {
    var origin = "", day = Timestamp.epoch, flights = 0, rainyFlights = 0
    var meanDelayDry: Double?, meanDelayRain: Double?

    static let schema = Schema {
        WeatherImpact()
    } fields: {
        Field("origin", \.origin)
        Field("day", \.day, doc: "UTC")
        Field("flights", \.flights)
        Field("rainy_flights", \.rainyFlights)
        Field("mean_delay_dry", \.meanDelayDry, unit: "minutes")
        Field("mean_delay_rain", \.meanDelayRain, unit: "minutes")
    }
}

/// A flight that came after a window it belongs to had closed.
struct LateFlight: Record {
    var missed = "", carrier = "", origin = "", scheduled = Timestamp.epoch, delay: Double?

    static let schema = Schema {
        LateFlight()
    } fields: {
        Field("missed", \.missed, doc: "the operator whose windows had closed")
        Field("carrier", \.carrier)
        Field("origin", \.origin)
        Field("scheduled_at", \.scheduled)
        Field("dep_delay", \.delay, unit: "minutes")
    }
}

extension LateFlight {
    init(_ flight: Flight, missed: String) {
        self.init(
            missed: missed, carrier: flight.carrier, origin: flight.origin,
            scheduled: flight.scheduled, delay: flight.delay)
    }

    /// A late record of a join; of weather, the airport and the hour are all there is.
    init(_ side: JoinSide<Flight, Weather>, missed: String) {
        switch side {
        case .left(let flight): self.init(flight, missed: missed)
        case .right(let weather):
            self.init(missed: missed, origin: weather.origin, scheduled: weather.hour)
        }
    }
}
