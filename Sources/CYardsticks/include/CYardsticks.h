#pragma once

#include <stddef.h>
#include <stdint.h>

// What the decoders are compared with: the same bytes, read into structs of the same fields by a
// plain C++ loop (CSV) and by simdjson (JSON Lines). Built with the trait `Yardsticks` only.

#ifdef __cplusplus
extern "C" {
#endif

enum yardstick_format { yardstick_csv, yardstick_jsonl };
enum yardstick_data { yardstick_flights, yardstick_bids };

typedef struct yardstick yardstick;

/// How many bytes behind the data must be readable, whatever they hold.
size_t yardstick_padding(void);

/// Makes a reader of `count` bytes, which must outlive it; NULL where this machine lacks what it
/// needs (AVX2 on x86-64).
yardstick *yardstick_open(
    enum yardstick_format format, enum yardstick_data data, const uint8_t *bytes, size_t count);

/// Drops the records of the call before, and reads up to `limit` more.
///
/// Returns how many; 0 at the end, -1 for bytes that are not as they should be.
long yardstick_decode(yardstick *reader, long limit);

/// The wrapping sum of the digests of the records that are held.
uint64_t yardstick_checksum(const yardstick *reader);

void yardstick_close(yardstick *reader);

#ifdef __cplusplus
}
#endif
