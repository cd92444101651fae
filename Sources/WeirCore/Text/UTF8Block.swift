/// Memory that one or more texts lie in; it is freed with the last of them.
///
/// The bytes of a text are written before the text is made, by the one thread that fills the block, and never again.
@usableFromInline final class UTF8Block: ManagedBuffer<Void, UInt8> {
    @usableFromInline @inline(__always) static func make(capacity: Int) -> UTF8Block {
        unsafeDowncast(create(minimumCapacity: capacity) { _ in }, to: UTF8Block.self)
    }

    @usableFromInline @inline(__always) var bytes: UnsafeMutablePointer<UInt8> {
        withUnsafeMutablePointerToElements { $0 }
    }
}
