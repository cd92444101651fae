// Counts allocations by taking the place of the allocator's functions, in the program that this is linked into
// and in all libraries that it loads. So it belongs into benchmarks alone.
#include "CBenchProbes.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

__attribute__((noinline)) void bench_probe_mark(void) { __asm__ volatile("" ::: "memory"); }

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

#if defined(__GLIBC__) && !defined(HAS_SANITIZER)

// glibc's own functions, under the names that it keeps for those who take their place. `free` stays as it is.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

// A counter for each thread, on a cache line of its own, so that counting takes no locked instruction: what is
// measured should not change. Threads beyond those share the last counter.
enum { OWNED = 255 };
static struct {
    _Alignas(64) atomic_uint_least64_t count;
} counters[OWNED + 1];
static atomic_uint threads;
// The number of the thread's counter and one; 0 for a thread that has not allocated yet.
static _Thread_local unsigned own __attribute__((tls_model("initial-exec")));

static inline void note(void) {
    if (__builtin_expect(own == 0, 0)) {
        unsigned number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed);
        own = (number < OWNED ? number : OWNED) + 1;
    }
    atomic_uint_least64_t *count = &counters[own - 1].count;
    if (__builtin_expect(own <= OWNED, 1)) {
        uint_least64_t before = atomic_load_explicit(count, memory_order_relaxed);
        atomic_store_explicit(count, before + 1, memory_order_relaxed);
    } else {
        atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
    }
}

int64_t bench_probe_allocations(void) {
    int64_t sum = 0;
    for (int index = 0; index <= OWNED; index++) {
        sum += (int64_t)atomic_load_explicit(&counters[index].count, memory_order_relaxed);
    }
    return sum;
}

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    note();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    note();
    void *made = __libc_memalign(alignment, size);
    if (made == NULL) { return ENOMEM; }
    *block = made;
    return 0;
}

#else

int64_t bench_probe_allocations(void) { return -1; }

#endif
