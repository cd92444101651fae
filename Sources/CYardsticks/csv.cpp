// A plain loop over the cells of a line, as one would write it for one kind of record: the columns
// are known to come in the order of the fields, and numbers are the standard library's to read.

#ifdef WEIR_YARDSTICKS

#include "reader.hpp"

#include <charconv>

namespace {

struct Line {
    const char *at, *end;

    /// Takes the next cell; `plain` holds it where quotes had to be taken off.
    bool cell(std::string &plain, const char *&start, size_t &count) {
        if (at > end) return false;
        if (at == end || *at != '"') {
            start = at;
            while (at < end && *at != ',') at++;
            count = at - start;
            at++;
            return true;
        }
        plain.clear();
        for (at++; at < end; at++) {
            if (*at == '"') {
                if (at + 1 == end || at[1] != '"') break;
                at++;
            }
            plain.push_back(*at);
        }
        if (at == end || (at + 1 < end && at[1] != ',')) return false;
        at += 2;
        start = plain.data();
        count = plain.size();
        return true;
    }
};

struct Parser {
    Line line;
    std::string plain;

    template <class Value> bool operator()(const char *, Value &value) {
        const char *start;
        size_t count;
        return line.cell(plain, start, count) && read(start, count, value);
    }

    template <class Number> static bool number(const char *start, size_t count, Number &value) {
        auto [rest, error] = std::from_chars(start, start + count, value);
        return error == std::errc() && rest == start + count;
    }
    static bool read(const char *start, size_t count, int64_t &value) {
        return number(start, count, value);
    }
    static bool read(const char *start, size_t count, double &value) {
        return number(start, count, value);
    }
    static bool read(const char *start, size_t count, Time &value) {
        return parse(start, count, value);
    }
    static bool read(const char *start, size_t count, std::string &value) {
        value.assign(start, count);
        return true;
    }
    template <class Value>
    static bool read(const char *start, size_t count, std::optional<Value> &value) {
        if (count == 0 || (count == 2 && start[0] == 'N' && start[1] == 'A')) return true;
        return read(start, count, value.emplace());
    }
};

template <class Record> struct CSVReader final : Reader<Record> {
    const char *at, *end;
    bool isChecked = false;

    CSVReader(const char *bytes, size_t count) : at(bytes), end(bytes + count) {}

    long decode(long limit) override {
        if (!isChecked && !isUTF8(at, end - at)) return -1;
        isChecked = true;
        this->records.clear();
        Parser parser;
        while (at < end && long(this->records.size()) < limit) {
            auto stop = static_cast<const char *>(memchr(at, '\n', end - at));
            if (!stop) stop = end;
            parser.line = {at, stop};
            if (!Record::visit(this->records.emplace_back(), parser)) return -1;
            if (parser.line.at != stop + 1) return -1;
            at = stop + 1;
        }
        return long(this->records.size());
    }
};

}  // namespace

std::unique_ptr<yardstick> csvReader(yardstick_data data, const char *bytes, size_t count) {
    if (data == yardstick_flights) return std::make_unique<CSVReader<Flight>>(bytes, count);
    return std::make_unique<CSVReader<Bid>>(bytes, count);
}

#endif
