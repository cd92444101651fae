#pragma once

#include "CYardsticks.h"
#include "records.hpp"

#include <memory>
#include <vector>

/// Reads records of one kind in one format, some at a time.
struct yardstick {
    virtual ~yardstick() = default;
    virtual long decode(long limit) = 0;
    virtual uint64_t checksum() const = 0;
};

template <class Record> struct Reader : yardstick {
    std::vector<Record> records;

    uint64_t checksum() const override {
        uint64_t sum = 0;
        for (const Record &record : records) {
            Digest digest;
            Record::visit(record, digest);
            sum += digest.state;
        }
        return sum;
    }
};

std::unique_ptr<yardstick> csvReader(yardstick_data data, const char *bytes, size_t count);
std::unique_ptr<yardstick> jsonReader(yardstick_data data, const char *bytes, size_t count);
/// Whether bytes are UTF-8, as fast as simdjson can tell.
bool isUTF8(const char *bytes, size_t count);
