// simdjson's on-demand interface over a stream of documents, members asked for in their order.

#ifdef WEIR_YARDSTICKS

#include "reader.hpp"

#include <simdjson.h>

#include <string_view>

namespace {

namespace ondemand = simdjson::ondemand;

struct Members {
    ondemand::object object;

    template <class Value> bool operator()(const char *name, Value &value) {
        ondemand::value found;
        if (object.find_field_unordered(std::string_view(name)).get(found)) return false;
        return read(found, value);
    }

    static bool read(ondemand::value found, int64_t &value) { return !found.get(value); }
    static bool read(ondemand::value found, double &value) { return !found.get(value); }
    static bool read(ondemand::value found, std::string &value) {
        std::string_view text;
        if (found.get(text)) return false;
        value.assign(text);
        return true;
    }
    static bool read(ondemand::value found, Time &value) {
        std::string_view text;
        return !found.get(text) && parse(text.data(), text.size(), value);
    }
    template <class Value> static bool read(ondemand::value found, std::optional<Value> &value) {
        bool isNull;
        if (found.is_null().get(isNull)) return false;
        return isNull || read(found, value.emplace());
    }
};

template <class Record> struct JSONReader final : Reader<Record> {
    ondemand::parser parser;
    ondemand::document_stream documents;
    std::optional<ondemand::document_stream::iterator> position;
    bool isBroken = false;

    JSONReader(const char *bytes, size_t count) {
        isBroken = parser.iterate_many(bytes, count, 1 << 20).get(documents);
    }

    long decode(long limit) override {
        if (isBroken) return -1;
        this->records.clear();
        if (!position) position.emplace(documents.begin());
        for (; *position != documents.end(); ++*position) {
            if (long(this->records.size()) == limit) break;
            Members members;
            auto document = **position;
            if (document.get_object().get(members.object)) return -1;
            if (!Record::visit(this->records.emplace_back(), members)) return -1;
        }
        return long(this->records.size());
    }
};

}  // namespace

bool isUTF8(const char *bytes, size_t count) { return simdjson::validate_utf8(bytes, count); }

std::unique_ptr<yardstick> jsonReader(yardstick_data data, const char *bytes, size_t count) {
    if (data == yardstick_flights) return std::make_unique<JSONReader<Flight>>(bytes, count);
    return std::make_unique<JSONReader<Bid>>(bytes, count);
}

extern "C" size_t yardstick_padding(void) { return simdjson::SIMDJSON_PADDING; }

#endif
