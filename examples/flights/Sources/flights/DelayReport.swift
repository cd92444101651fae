import GRDB
import Weir

/// What the terminal shows after a run: where the tables are, and delays by hour of the day.
struct DelayReport {
    var database: String
    var late: String

    func print(_ summary: JobSummary) throws {
        let queue = try DatabaseQueue(path: database)
        let tables = ["hourly_departures", "worst_carriers", "weather_impact"]
        try queue.read { connection in
            Swift.print("\nTables in \(database):")
            for table in tables {
                let rows = try Int.fetchOne(connection, sql: "SELECT count(*) FROM \(table)") ?? 0
                Swift.print("  \(table.padded(to: 20)) \(String(rows).leftPadded(to: 7)) rows")
            }
            try chart(connection)
        }
        let lateCount = summary.ledger.operators.reduce(0) { $0 + $1.counts.late }
        if lateCount > 0 { Swift.print("\n\(lateCount) late records are in \(late)") }
        let rate = Int(summary.recordsPerSecond)
        Swift.print("\n\(summary.recordsRead) records in, \(rate) a second.")
        Swift.print("Try: sqlite3 \(database) 'SELECT * FROM worst_carriers LIMIT 9'")
    }

    private func chart(_ connection: Database) throws {
        // Departed flights are those with a delay, so they weigh the hours' means.
        let rows = try Row.fetchAll(
            connection,
            sql: """
                SELECT CAST(strftime('%H', hour) AS INTEGER) AS hour_of_day,
                       sum(mean_dep_delay * (flights - cancelled)) / sum(flights - cancelled) AS delay
                FROM hourly_departures WHERE mean_dep_delay IS NOT NULL
                GROUP BY 1 HAVING sum(flights - cancelled) >= 100 ORDER BY (hour_of_day + 19) % 24
                """)
        let longest = rows.map { ($0["delay"] as Double?) ?? 0 }.max() ?? 0
        Swift.print("\nMean delay by scheduled hour (New York, standard time), in minutes:")
        for row in rows {
            let hour = (((row["hour_of_day"] as Int?) ?? 0) + 19) % 24
            let delay = (row["delay"] as Double?) ?? 0
            let width = longest > 0 ? Int((max(0, delay) / longest * 40).rounded()) : 0
            let minutes = String((delay * 10).rounded() / 10).leftPadded(to: 5)
            let bar = String(repeating: "█", count: width)
            Swift.print("  \(String(hour).leftPadded(to: 2))h \(minutes)  \(bar)")
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
