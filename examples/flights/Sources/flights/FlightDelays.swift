import ArgumentParser
import Weir
import WeirSQLite

/// A year of departures from New York, turned into three tables.
@main struct FlightDelays: StreamJob, ParsableArguments {
    static var overview: String { "Turns a year of departures from New York into three tables." }

    @Option(help: "Hours that a flight may come behind a later one before it counts as late.")
    var boundHours: Int64 = 24

    @Option(help: "Directory with the CSV files.") var data = "data"
    @Option(help: "Directory that the results are written to.") var output = "out"

    @Option(help: "Flights a second, for a slow run to watch. Default: as fast as can be.")
    var flightsPerSecond: Int?

    func validate() throws {
        if let flightsPerSecond, flightsPerSecond < 1 {
            throw ArgumentParser.ValidationError(
                "--flights-per-second is \(flightsPerSecond); it must be above 0.")
        }
    }

    func define(_ job: JobBuilder) {
        let missing = CSVOptions(nullText: ["", "NA"])
        let order = WatermarkStrategy.boundedOutOfOrderness(.hours(boundHours))
            .aligned(within: .hours(24))

        let read =
            job
            .source(
                CSVFiles<Flight>("\(data)/flights-*.csv.gz", options: missing),
                onBadRecord: .deadLetter(path: "\(output)/bad-flights.jsonl"), as: "flights"
            )
            .watermarked(order) { $0.scheduled }
        let flights =
            flightsPerSecond.map {
                read.rateLimited(recordsPerSecond: $0, burst: 1_000, as: "slowed")
            } ?? read
        let weather =
            job
            .source(
                CSVFiles<Weather>("\(data)/weather-*.csv.gz", options: missing),
                onBadRecord: .deadLetter(path: "\(output)/bad-weather.jsonl"), as: "weather"
            )
            .watermarked(order) { $0.hour }

        let late = LateFlights()
        hourlyDepartures(flights, late)
        worstCarriers(flights, late)
        weatherImpact(flights, weather, late)
        late.merged(as: "late-flights")?
            .sink(to: CSVFileSink(file: "\(output)/late-flights.csv", overwrite: true), as: "late")
    }

    /// Departures by airport and hour.
    func hourlyDepartures(_ flights: DataStream<Flight>, _ late: LateFlights) {
        flights
            .keyed(by: \.origin)
            .windowed(
                .tumbling(.hours(1)),
                late: .sideOutput { late.add($0.map { LateFlight($0, missed: "hourly") }) }
            )
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
    func worstCarriers(_ flights: DataStream<Flight>, _ late: LateFlights) {
        flights
            .keyed(by: \.carrier)
            .windowed(
                .sliding(.hours(24), every: .hours(6)),
                late: .sideOutput { late.add($0.map { LateFlight($0, missed: "carrier-delays") }) }
            )
            .aggregate(Count(where: \.hasDelay), Mean(\.delay), as: "carrier-delays") {
                WorstCarrier(windowStart: $1.start, carrier: $0, departures: $2, meanDelay: $3)
            }
            .filter { $0.departures >= 50 }
            .keyed(by: \.windowStart)
            .windowed(.tumbling(.hours(6)), late: .drop)
            .aggregate(TopK(3, by: \.meanDelay, ties: \.carrier), as: "worst") { _, _, worst in
                worst
            }
            .flatMap { worst in
                zip(1..., worst).map { rank, carrier in carrier.ranked(rank) }
            }
            .enriched(
                from: CSVFiles<Airline>("\(data)/airlines.csv"), by: \.carrier, matching: \.carrier
            ) { carrier, airline in carrier.named(airline?.name) }
            .sink(to: table("worst_carriers", key: \.windowStart, \.rank), as: "worst_carriers")
    }

    /// Each flight with the weather of its airport in that hour, summed up by airport and day.
    func weatherImpact(
        _ flights: DataStream<Flight>, _ weather: DataStream<Weather>,
        _ late: LateFlights
    ) {
        flights
            .keyed(by: \.origin)
            .joined(
                with: weather.keyed(by: \.origin), in: .tumbling(.hours(1)),
                late: .sideOutput { late.add($0.map { LateFlight($0, missed: "with-weather") }) },
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

    /// A table of the results' database, made anew by each run.
    func table<Row: Record>(
        _ name: String, key first: PartialKeyPath<Row>, _ second: PartialKeyPath<Row>
    ) -> SQLiteTable<Row> {
        SQLiteTable("\(output)/flights.db", table: name, key: first, second, existing: .replace)
    }

    func report(_ summary: JobSummary) throws {
        try DelayReport(database: "\(output)/flights.db", late: "\(output)/late-flights.csv")
            .print(summary)
    }
}

/// The late records of several operators, collected into one stream.
final class LateFlights {
    private var streams: [DataStream<LateFlight>] = []

    func add(_ stream: DataStream<LateFlight>) { streams.append(stream) }

    func merged(as name: String) -> DataStream<LateFlight>? {
        streams.first?.union(Array(streams.dropFirst()), as: name)
    }
}
