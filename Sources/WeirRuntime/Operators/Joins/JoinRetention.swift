/// How long a join that is not bounded by windows keeps its records. There is no default: a job says
/// it wherever it joins so.
public enum JoinRetention<Left: Sendable, Right: Sendable> {
    /// Until the input ends: each record is joined with every partner, whenever that comes. The
    /// state grows with the streams. No record is late.
    case forever
    /// Two records are joined if their event times are at most that span apart, and each is kept
    /// until the watermark has passed its time by the span. Those that come behind the watermark go
    /// where `late` says.
    ///
    /// Exact, whatever the order of arrival: the same as an interval join from minus the span to the
    /// span.
    case `for`(Duration, late: LateRecords<JoinSide<Left, Right>>)
}
