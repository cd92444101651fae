#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The descriptors 0, 1 and 2, which a program may be started without.
enum StandardDescriptors {
    /// Occupies those that are closed, so that no file of the job gets their numbers.
    ///
    /// Otherwise what is printed could end up in the job's database, or its dead letters. Each is
    /// opened the wrong way round, so that reading standard input and writing standard output fail
    /// and the job says so, instead of seeming to work. Some the runtime has taken by then, for which
    /// see `FileDescriptor.isInherited`.
    static func holdClosed() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest free number is given out, and those below are taken by now.
            _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }
}
