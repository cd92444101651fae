#ifndef C_BENCH_PROBES_H
#define C_BENCH_PROBES_H

#include <stdint.h>

/// The calls of malloc, calloc, realloc and of their aligned kin so far, on all threads; -1 where they are
/// not counted: elsewhere than on glibc, and under the sanitizers, which have an allocator of their own.
int64_t bench_probe_allocations(void);

/// Does nothing: a place in the program that an instrument can be told of by name.
void bench_probe_mark(void);

#endif
