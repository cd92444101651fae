#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

// The records of `weir-bench decode`, field by field those of its Swift side.

/// A point in time, in microseconds since 1970.
struct Time {
    int64_t microseconds = 0;
};

struct Flight {
    int64_t year, month, day;
    std::optional<int64_t> departed;
    int64_t scheduledDeparture;
    std::optional<double> departureDelay;
    std::optional<int64_t> arrived;
    int64_t scheduledArrival;
    std::optional<double> arrivalDelay;
    std::string carrier;
    int64_t number;
    std::optional<std::string> tail;
    std::string origin, destination;
    std::optional<double> airTime;
    double distance;
    int64_t hour, minute;
    Time time;

    template <class Record, class Visitor> static bool visit(Record &record, Visitor &visitor) {
        return visitor("year", record.year) && visitor("month", record.month)
            && visitor("day", record.day) && visitor("dep_time", record.departed)
            && visitor("sched_dep_time", record.scheduledDeparture)
            && visitor("dep_delay", record.departureDelay) && visitor("arr_time", record.arrived)
            && visitor("sched_arr_time", record.scheduledArrival)
            && visitor("arr_delay", record.arrivalDelay) && visitor("carrier", record.carrier)
            && visitor("flight", record.number) && visitor("tailnum", record.tail)
            && visitor("origin", record.origin) && visitor("dest", record.destination)
            && visitor("air_time", record.airTime) && visitor("distance", record.distance)
            && visitor("hour", record.hour) && visitor("minute", record.minute)
            && visitor("time_hour", record.time);
    }
};

struct Bid {
    int64_t index, auction, bidder, price;
    std::string channel, url;
    Time dateTime;
    std::string extra;

    template <class Record, class Visitor> static bool visit(Record &record, Visitor &visitor) {
        return visitor("index", record.index) && visitor("auction", record.auction)
            && visitor("bidder", record.bidder) && visitor("price", record.price)
            && visitor("channel", record.channel) && visitor("url", record.url)
            && visitor("dateTime", record.dateTime) && visitor("extra", record.extra);
    }
};

/// Folds a record's fields into one word, as the Swift side does.
struct Digest {
    uint64_t state = 0xcbf29ce484222325;

    void fold(uint64_t word) {
        state = (state ^ word) * 0x100000001b3;
        state ^= state >> 32;
    }
    bool operator()(const char *, const int64_t &value) {
        fold(uint64_t(value));
        return true;
    }
    bool operator()(const char *, const double &value) {
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        fold(bits);
        return true;
    }
    bool operator()(const char *name, const Time &value) {
        return (*this)(name, value.microseconds);
    }
    bool operator()(const char *, const std::string &value) {
        fold(value.size());
        for (char byte : value) fold(uint8_t(byte));
        return true;
    }
    template <class Value> bool operator()(const char *name, const std::optional<Value> &value) {
        fold(value.has_value());
        return !value || (*this)(name, *value);
    }
};

// MARK: - Times

inline bool digits(const char *text, int count, int64_t &value) {
    value = 0;
    for (int index = 0; index < count; index++) {
        unsigned digit = unsigned(text[index]) - '0';
        if (digit > 9) return false;
        value = value * 10 + digit;
    }
    return true;
}

/// Days since 1970 of a date; Hinnant, "chrono-Compatible Low-Level Date Algorithms".
inline int64_t days(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, yearOfEra = year - era * 400;
    int64_t dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/// Reads `2013-01-01T10:00:00Z`, with up to six digits of a fraction.
inline bool parse(const char *text, size_t count, Time &time) {
    int64_t year, month, day, hour, minute, second, micros = 0;
    if (count < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':'
        || text[16] != ':' || text[count - 1] != 'Z' || !digits(text, 4, year)
        || !digits(text + 5, 2, month) || !digits(text + 8, 2, day) || !digits(text + 11, 2, hour)
        || !digits(text + 14, 2, minute) || !digits(text + 17, 2, second))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59)
        return false;
    if (count > 20) {
        int width = int(count) - 21;
        if (text[19] != '.' || width < 1 || width > 6 || !digits(text + 20, width, micros))
            return false;
        for (; width < 6; width++) micros *= 10;
    }
    time.microseconds =
        ((days(year, month, day) * 24 + hour) * 60 + minute) * 60'000'000 + second * 1'000'000
        + micros;
    return true;
}
