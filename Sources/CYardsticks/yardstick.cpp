#ifdef WEIR_YARDSTICKS

#include "reader.hpp"

extern "C" {

yardstick *yardstick_open(
    enum yardstick_format format, enum yardstick_data data, const uint8_t *bytes, size_t count) {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2")) return nullptr;
#endif
    auto text = reinterpret_cast<const char *>(bytes);
    return (format == yardstick_csv ? csvReader : jsonReader)(data, text, count).release();
}

long yardstick_decode(yardstick *reader, long limit) { return reader->decode(limit); }
uint64_t yardstick_checksum(const yardstick *reader) { return reader->checksum(); }
void yardstick_close(yardstick *reader) { delete reader; }

}

#endif
