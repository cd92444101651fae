/// A hash table from integers: open addressing, key beside value, at most half full.
///
/// What a careful loop keeps its state in. It knows nothing of snapshots, and integers alone.
/// Not `Int.min`, which marks a free slot.
final class FlatTable<Value> {
    // SAFETY: `slots` has `mask + 1` slots, each with an initialised key, and an initialised value
    // where the key is not `free`. Owned by this object alone and freed by its deinit.
    private var slots: UnsafeMutablePointer<Int>
    private var values: UnsafeMutablePointer<Value>
    private var mask: Int
    private(set) var count = 0

    private static var free: Int { .min }

    init(capacity: Int = 16) {
        var size = 32
        while size < capacity * 2 { size *= 2 }
        mask = size - 1
        slots = Self.makeSlots(size)
        values = .allocate(capacity: size)
    }

    deinit { releaseSlots() }

    private static func makeSlots(_ size: Int) -> UnsafeMutablePointer<Int> {
        let slots = UnsafeMutablePointer<Int>.allocate(capacity: size)
        slots.initialize(repeating: free, count: size)
        return slots
    }

    private func releaseSlots() {
        for position in 0...mask where slots[position] != Self.free {
            (values + position).deinitialize(count: 1)
        }
        slots.deallocate()
        values.deallocate()
    }

    /// Where `key` is, or would be put.
    @inline(__always) private func position(of key: Int) -> Int {
        // Fibonacci hashing: Knuth, "The Art of Computer Programming" 3, section 6.4.
        var mixed = UInt64(bitPattern: Int64(key)) &* 0x9e37_79b9_7f4a_7c15
        mixed ^= mixed &>> 32
        var position = Int(truncatingIfNeeded: mixed) & mask
        while slots[position] != key && slots[position] != Self.free {
            position = (position &+ 1) & mask
        }
        return position
    }

    /// Reads or changes the value of `key`, which starts with `initial`.
    @inline(__always)
    func update<Result>(
        _ key: Int, initial: @autoclosure () -> Value, _ body: (inout Value) -> Result
    ) -> Result {
        var position = position(of: key)
        if slots[position] == Self.free {
            if count &* 2 > mask {
                grow()
                position = self.position(of: key)
            }
            slots[position] = key
            (values + position).initialize(to: initial())
            count &+= 1
        }
        return body(&values[position])
    }

    /// Reads or changes the value of `key`, if it is there.
    @inline(__always)
    func updateIfPresent(_ key: Int, _ body: (inout Value) -> Void) {
        let position = position(of: key)
        if slots[position] != Self.free { body(&values[position]) }
    }

    /// Calls `body` with each key and value.
    @inline(__always)
    func forEach(_ body: (Int, inout Value) -> Void) {
        for position in 0...mask where slots[position] != Self.free {
            body(slots[position], &values[position])
        }
    }

    /// Keeps the keys for which `body` holds.
    func filter(_ body: (Int, inout Value) -> Bool) {
        let kept = FlatTable(capacity: count)
        for position in 0...mask where slots[position] != Self.free {
            if body(slots[position], &values[position]) {
                kept.add(slots[position], (values + position).move())
            } else {
                (values + position).deinitialize(count: 1)
            }
            slots[position] = Self.free
        }
        take(kept)
    }

    /// Takes out each key and value, and keeps the capacity.
    @inline(__always)
    func drain(_ body: (Int, consuming Value) -> Void) {
        for position in 0...mask where slots[position] != Self.free {
            body(slots[position], (values + position).move())
            slots[position] = Self.free
        }
        count = 0
    }

    private func grow() {
        let larger = FlatTable(capacity: mask + 1)
        for position in 0...mask where slots[position] != Self.free {
            larger.add(slots[position], (values + position).move())
            slots[position] = Self.free
        }
        take(larger)
    }

    private func add(_ key: Int, _ value: consuming Value) {
        let position = position(of: key)
        slots[position] = key
        (values + position).initialize(to: value)
        count &+= 1
    }

    /// Takes another table's place; this one has been emptied.
    private func take(_ other: FlatTable) {
        swap(&slots, &other.slots)
        swap(&values, &other.values)
        swap(&mask, &other.mask)
        swap(&count, &other.count)
    }
}
