import Foundation

/// Counts of values in buckets of growing width, from which any quantile is read.
///
/// Error: the value given for a quantile differs from the exact one by at most `accuracy` times its
/// size (plus rounding in the last bits), whatever the data. The exceptions are values more than
/// 6·10¹⁷ times smaller than the largest, which are told apart no longer and answered within that
/// fraction of the largest, and those below 2⁻¹⁰²², which count as 0.
/// Size: nothing until a value comes, then 8 bytes a bucket over the range in use. At an accuracy
/// of 1 %, values between 1 and 1,000 take 346 buckets, 2.7 KiB; the most are 2,050 buckets for each
/// sign, 32 KiB in all. Both grow with 1 / `accuracy`.
///
/// Merging adds the counts, so a sketch depends only on the values that went in, not on their
/// order, nor on how they were split and merged.
///
/// Source: Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
/// Relative-Error Guarantees", PVLDB 12(12), 2019.
public struct QuantileSketch: Sendable, Equatable {
    /// How many powers of e the buckets of one sign span at most: e⁴¹ is 6·10¹⁷.
    static let span = 41.0
    /// What is nearer to zero than this counts as zero.
    static let smallest = Double.leastNormalMagnitude

    /// The greatest relative error of an answer.
    public let accuracy: Double
    /// How many values went in, not-a-number aside.
    public private(set) var count = 0

    private let logGamma: Double
    private let bucketLimit: Int
    private var positive = BucketCounts()
    private var negative = BucketCounts()
    private var zeros = 0
    private var infinities = 0
    private var negativeInfinities = 0
    private var lowest = Double.infinity
    private var highest = -Double.infinity

    /// Creates a sketch of no values.
    ///
    /// - Precondition: `accuracy` lies between 0.001 and 0.5.
    public init(accuracy: Double = 0.01) {
        precondition(
            accuracy >= 0.001 && accuracy <= 0.5,
            "a quantile sketch needs an accuracy from 0.001 to 0.5, not \(accuracy)")
        self.accuracy = accuracy
        logGamma = log((1 + accuracy) / (1 - accuracy))
        bucketLimit = Int((Self.span / logGamma).rounded(.up))
    }

    /// Counts one value; not-a-number is passed over.
    ///
    /// - Complexity: O(1), but O(buckets) when the value lies outside the range seen so far.
    public mutating func add(_ value: Double) {
        if value.isNaN { return }
        count += 1
        lowest = min(lowest, value)
        highest = max(highest, value)
        let size = abs(value)
        if size < Self.smallest {
            zeros += 1
        } else if size.isInfinite {
            if value > 0 { infinities += 1 } else { negativeInfinities += 1 }
        } else if value > 0 {
            positive.add(1, at: bucket(of: size), limit: bucketLimit)
        } else {
            negative.add(1, at: bucket(of: size), limit: bucketLimit)
        }
    }

    /// Counts the values that `other` stands for.
    ///
    /// Of two accuracies, as a job has that was restored with another one, the result has this
    /// sketch's; the values of the other are then known to within the sum of both.
    ///
    /// - Complexity: O(buckets).
    public mutating func add(_ other: QuantileSketch) {
        count += other.count
        lowest = min(lowest, other.lowest)
        highest = max(highest, other.highest)
        zeros += other.zeros
        infinities += other.infinities
        negativeInfinities += other.negativeInfinities
        guard accuracy == other.accuracy else {
            positive.add(rebucketed(other.positive, of: other), limit: bucketLimit)
            return negative.add(rebucketed(other.negative, of: other), limit: bucketLimit)
        }
        positive.add(other.positive, limit: bucketLimit)
        negative.add(other.negative, limit: bucketLimit)
    }

    /// The counts of a sketch of another accuracy in buckets of this one's.
    private func rebucketed(_ counts: BucketCounts, of other: QuantileSketch) -> BucketCounts {
        var result = BucketCounts()
        counts.forEachUsed { bucket, amount in
            let middle = other.middle(ofBucket: bucket)
            // The ends of the range may round to what is no finite number, or none of full precision.
            let size = max(Self.smallest, min(Double.greatestFiniteMagnitude, middle))
            result.add(amount, at: self.bucket(of: size), limit: bucketLimit)
        }
        return result
    }

    /// The value below which the given fraction of the values lie; `nil` when there are none.
    ///
    /// Of n values in order, from 0, it is the one at `⌊fraction·(n − 1)⌋`, within the error bound;
    /// 0 and 1 give the exact minimum and maximum.
    ///
    /// - Precondition: `fraction` lies between 0 and 1.
    /// - Complexity: O(buckets).
    public func quantile(_ fraction: Double) -> Double? {
        precondition(
            fraction >= 0 && fraction <= 1, "a quantile lies between 0 and 1, not at \(fraction)")
        guard count > 0 else { return nil }
        let rank = Int(fraction * Double(count - 1))
        if rank == 0 { return lowest }
        if rank == count - 1 { return highest }
        // Inside the range of what was seen: the first and last bucket reach beyond it.
        return max(lowest, min(highest, value(atRank: rank)))
    }

    private func value(atRank rank: Int) -> Double {
        var left = rank
        if left < negativeInfinities { return -.infinity }
        left -= negativeInfinities
        if left < negative.total {
            return -middle(ofBucket: negative.bucket(atRank: negative.total - 1 - left))
        }
        left -= negative.total
        if left < zeros { return 0 }
        left -= zeros
        if left < positive.total { return middle(ofBucket: positive.bucket(atRank: left)) }
        return .infinity
    }

    private func bucket(of size: Double) -> Int { Int((log(size) / logGamma).rounded(.up)) }

    /// The value whose relative distance from both ends of the bucket is the same.
    private func middle(ofBucket bucket: Int) -> Double {
        // Taken in two factors, as the upper end of the last bucket may lie beyond all doubles.
        exp((Double(bucket) - 1) * logGamma) * (1 + accuracy)
    }
}

/// Counts for a run of consecutive buckets; the lowest stands for all below it.
struct BucketCounts: Sendable, Equatable {
    private var counts: [Int] = []
    private var first = 0
    private(set) var total = 0

    static func == (left: BucketCounts, right: BucketCounts) -> Bool {
        left.total == right.total && left.trimmed == right.trimmed
            && (left.total == 0 || left.firstUsed == right.firstUsed)
    }

    /// Adds to a bucket's count. When the range exceeds `limit` buckets, the lowest are folded
    /// into one: where exactly depends only on the highest bucket, so the order does not matter.
    mutating func add(_ amount: Int, at bucket: Int, limit: Int) {
        total += amount
        let slot = bucket - first
        if slot >= 0 && slot < counts.count {
            counts[slot] += amount
        } else {
            makeRoom(for: bucket, limit: limit)
            counts[max(0, bucket - first)] += amount
        }
    }

    mutating func add(_ other: BucketCounts, limit: Int) {
        guard other.total > 0 else { return }
        guard total > 0 else {
            self = other
            return
        }
        // The highest first: what is folded together is then decided once.
        for slot in other.counts.indices.reversed() where other.counts[slot] > 0 {
            add(other.counts[slot], at: other.first + slot, limit: limit)
        }
    }

    /// Calls `body` with each bucket that is not empty, the highest first, and its count.
    func forEachUsed(_ body: (Int, Int) -> Void) {
        for slot in counts.indices.reversed() where counts[slot] > 0 {
            body(first + slot, counts[slot])
        }
    }

    /// The bucket of the value at `rank`, counted from the lowest.
    func bucket(atRank rank: Int) -> Int {
        var seen = 0
        for (slot, amount) in counts.enumerated() {
            seen += amount
            if seen > rank { return first + slot }
        }
        return first + counts.count - 1
    }

    private mutating func makeRoom(for bucket: Int, limit: Int) {
        if counts.isEmpty {
            first = bucket
            counts = [0]
        } else if bucket < first {
            // A few more than needed, so that falling values do not move the run each time.
            let end = first + counts.count
            let wanted = max(bucket - 32, end - limit)
            guard wanted < first else { return }
            counts.insert(contentsOf: repeatElement(0, count: first - wanted), at: 0)
            first = wanted
        } else {
            let end = bucket + 1
            if end - limit > first { fold(below: end - limit) }
            counts.append(contentsOf: repeatElement(0, count: end - first - counts.count))
        }
    }

    private mutating func fold(below newFirst: Int) {
        let dropped = min(newFirst - first, counts.count)
        let folded = counts[..<dropped].reduce(0, +)
        counts.removeFirst(dropped)
        if counts.isEmpty { counts = [0] }
        counts[0] += folded
        first = newFirst
    }

    private var trimmed: ArraySlice<Int> {
        guard let low = counts.firstIndex(where: { $0 > 0 }),
            let high = counts.lastIndex(where: { $0 > 0 })
        else { return [] }
        return counts[low...high]
    }

    private var firstUsed: Int { first + (counts.firstIndex { $0 > 0 } ?? 0) }
}

// MARK: - In checkpoints

extension QuantileSketch: StateValue {
    public static var stateShape: StateShape {
        let number = Int.stateShape
        return .record(
            "QuantileSketch",
            [
                StateShape.Field("accuracy", Double.stateShape),
                StateShape.Field("positive", BucketCounts.stateShape),
                StateShape.Field("negative", BucketCounts.stateShape),
                StateShape.Field("zeros", number), StateShape.Field("infinities", number),
                StateShape.Field("negativeInfinities", number),
                StateShape.Field("lowest", Double.stateShape),
                StateShape.Field("highest", Double.stateShape),
            ])
    }

    public func write(to output: inout StateWriter) {
        accuracy.write(to: &output)
        positive.write(to: &output)
        negative.write(to: &output)
        for count in [zeros, infinities, negativeInfinities] { count.write(to: &output) }
        lowest.write(to: &output)
        highest.write(to: &output)
    }

    public static func read(from input: inout StateReader) throws -> QuantileSketch {
        let accuracy = try Double.read(from: &input)
        guard accuracy >= 0.001, accuracy <= 0.5 else {
            throw StateFormatError("a quantile sketch has the accuracy \(accuracy)")
        }
        var sketch = QuantileSketch(accuracy: accuracy)
        sketch.positive = try BucketCounts.read(from: &input)
        sketch.negative = try BucketCounts.read(from: &input)
        sketch.zeros = try Int.read(from: &input)
        sketch.infinities = try Int.read(from: &input)
        sketch.negativeInfinities = try Int.read(from: &input)
        sketch.lowest = try Double.read(from: &input)
        sketch.highest = try Double.read(from: &input)
        sketch.count = try Int(
            summing: [
                sketch.positive.total, sketch.negative.total, sketch.zeros, sketch.infinities,
                sketch.negativeInfinities,
            ])
        guard sketch.count == 0 || sketch.lowest <= sketch.highest else {
            throw StateFormatError("a quantile sketch contradicts itself")
        }
        return sketch
    }
}

extension BucketCounts: StateValue {
    /// Beyond this no bucket of any accuracy lies.
    private static let farthestBucket = 1 << 20

    static var stateShape: StateShape {
        .record(
            "BucketCounts",
            [
                StateShape.Field("first", Int.stateShape),
                StateShape.Field("counts", [Int].stateShape),
            ])
    }

    /// Writes the buckets from the first that is used to the last, so that equal counts have equal
    /// bytes.
    func write(to output: inout StateWriter) {
        (total == 0 ? 0 : firstUsed).write(to: &output)
        Array(trimmed).write(to: &output)
    }

    static func read(from input: inout StateReader) throws -> BucketCounts {
        var buckets = BucketCounts()
        buckets.first = try Int.read(from: &input)
        buckets.counts = try [Int].read(from: &input)
        buckets.total = try Int(summing: buckets.counts)
        guard buckets.first.magnitude < farthestBucket, buckets.counts.count < farthestBucket else {
            throw StateFormatError("a quantile sketch has a bucket \(buckets.first)")
        }
        return buckets
    }
}

extension Int {
    /// The sum of numbers of things.
    ///
    /// - Throws: ``StateFormatError`` when one is negative or the sum takes more than 64 bits.
    init(summing counts: [Int]) throws(StateFormatError) {
        self = 0
        for count in counts {
            let (sum, overflow) = addingReportingOverflow(count)
            // Half of the range is left for those that come.
            guard count >= 0, !overflow, sum <= Int.max / 2 else {
                throw StateFormatError("a number of values is negative or too large")
            }
            self = sum
        }
    }
}
