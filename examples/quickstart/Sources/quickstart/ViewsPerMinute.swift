import Weir

struct View: Codable {
    var page: String
    var at: Timestamp
}

/// Counts the views of each page in each minute: JSON Lines in, lines of text out.
@main struct ViewsPerMinute: StreamJob {
    func define(_ job: JobBuilder) {
        job.source(JSONLinesFiles<View>.standardInput, onBadRecord: .deadLetter, as: "views")
            .watermarked(.boundedOutOfOrderness(.seconds(10))) { $0.at }
            .keyed(by: \.page)
            .windowed(.tumbling(.minutes(1)), late: .drop)
            .aggregate(Count(), as: "per-minute") { page, window, views in
                "\(window.start)  \(page)  \(views)"
            }
            .sink(to: PrintSink(), as: "print")
    }
}
