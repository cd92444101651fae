import Weir
import WeirSQLite

/// A year of departures from New York, turned into three tables.
@main struct FlightDelays: StreamJob {
    func define(_ job: JobBuilder) {
        let missing = CSVOptions(nullText: ["NA"])
        let order = WatermarkStrategy.boundedOutOfOrderness(.hours(24)).aligned(within: .hours(24))

        let flights = job
            .source(
                CSVFiles<Flight>("data/flights-*.csv.gz", options: missing),
                onBadRecord: .deadLetter, as: "flights")
            .watermarked(order) { $0.scheduled }
        let weather = job
            .source(
                CSVFiles<Weather>("data/weather-*.csv.gz", options: missing),
                onBadRecord: .deadLetter, as: "weather")
            .watermarked(order) { $0.hour }

        hourlyDepartures(flights)
        worstCarriers(flights)
        weatherImpact(flights, weather)
    }

    /// Departures by airport and hour.
    func hourlyDepartures(_ flights: DataStream<Flight>) {
        flights
            .keyed(by: \.origin)
            .windowed(.tumbling(.hours(1)), late: .drop)
            .aggregate(
                Count(), Count(where: \.isCancelled), Mean(\.delay), Max(\.delay), as: "hourly"
            ) { origin, window, flights, cancelled, mean, max in
                HourlyDepartures(
                    origin: origin, hour: window.start, flights: flights, cancelled: cancelled,
                    meanDelay: mean, maxDelay: max)
            }
            .sink(to: table("hourly_departures", key: \.origin, \.hour), as: "hourly_departures")
    }

    /// The three carriers with the longest mean delay, in each window of a day, every six hours.
    func worstCarriers(_ flights: DataStream<Flight>) {
        flights
            .keyed(by: \.carrier)
            .windowed(.sliding(.hours(24), every: .hours(6)), late: .drop)
            .aggregate(Count(where: \.hasDelay), Mean(\.delay), as: "carrier-delays") {
                WorstCarrier(windowStart: $1.start, carrier: $0, departures: $2, meanDelay: $3)
            }
            .filter { $0.departures >= 50 }
            .keyed(by: \.windowStart)
            .windowed(.tumbling(.hours(6)), late: .drop)
            .aggregate(TopK(3, by: \.meanDelay, ties: \.carrier), as: "worst") { _, _, worst in worst }
            .flatMap { worst in
                worst.enumerated().map { position, carrier in
                    var ranked = carrier
                    ranked.rank = position + 1
                    return ranked
                }
            }
            .enriched(from: CSVFiles<Airline>("data/airlines.csv"), by: \.carrier, matching: \.carrier) {
                carrier, airline in
                var named = carrier
                named.name = airline?.name
                return named
            }
            .sink(to: table("worst_carriers", key: \.windowStart, \.rank), as: "worst_carriers")
    }

    /// Each flight with the weather of its airport in that hour, summed up by airport and day.
    func weatherImpact(_ flights: DataStream<Flight>, _ weather: DataStream<Weather>) {
        struct Departure { var origin: String, day: Timestamp, delay: Double?, isRainy: Bool }

        flights
            .keyed(by: \.origin)
            .joined(
                with: weather.keyed(by: \.origin), in: .tumbling(.hours(1)), late: .drop,
                as: "with-weather"
            ) { flight, weather in
                Departure(
                    origin: flight.origin, day: flight.scheduled.floor(to: .days(1)),
                    delay: flight.delay, isRainy: (weather.rain ?? 0) > 0)
            }
            .keyed(by: \.origin, \.day)
            .windowed(.tumbling(.days(1)), late: .drop)
            .aggregate(
                Count(), Count(where: \.isRainy), Mean { $0.isRainy ? nil : $0.delay },
                Mean { $0.isRainy ? $0.delay : nil }, as: "daily"
            ) { key, _, flights, rainy, dry, rain in
                WeatherImpact(
                    origin: key.first, day: key.second, flights: flights, rainyFlights: rainy,
                    meanDelayDry: dry, meanDelayRain: rain)
            }
            .sink(to: table("weather_impact", key: \.origin, \.day), as: "weather_impact")
    }
}
