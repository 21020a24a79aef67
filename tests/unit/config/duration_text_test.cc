#include "config/duration_text.h"

#include <doctest/doctest.h>

#include "config/limit_keys.h"

namespace berth {

TEST_CASE("durations: what the file may say is read, and shown again the same way") {
  struct Row {
    const char* text;
    std::int64_t ms;
  };
  for (Row row :
       {Row{"250ms", 250}, {"30s", 30'000}, {"5m", 300'000}, {"2h", 7'200'000}, {"90s", 90'000}, {"0", 0}}) {
    CAPTURE(row.text);
    auto value = parse_duration(row.text);
    REQUIRE(value.has_value());
    CHECK(value->count() == row.ms);
    CHECK(duration_text(*value) == row.text);
  }
  CHECK(parse_duration("off") == kOff);
  CHECK(duration_text(kOff) == "off");
  CHECK(parse_duration("1.5s") == Milliseconds(1500));
  CHECK(duration_text(Milliseconds(1500)) == "1500ms");
}

TEST_CASE("durations: what is not one is refused") {
  for (const char* text :
       {"", "s", "30", "-1s", "1 s", "1sec", "1e3s", "nan", "inf", "0.1ms", "9999h", "1s2"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("sizes: read and shown, and decimal units are refused") {
  CHECK(parse_size("64KiB") == 65536);
  CHECK(parse_size("1MiB") == 1U << 20);
  CHECK(parse_size("17") == 17);
  CHECK(size_text(65536) == "64KiB");
  CHECK(size_text(1000) == "1000");
  CHECK(size_text(0) == "0");
  for (const char* text : {"", "KiB", "1kB", "1KB", "-1", "1.5MiB", "99999999999GiB"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text).has_value());
  }
}

TEST_CASE("elapsed: short times keep a fraction, long ones do not") {
  using std::chrono::microseconds;
  CHECK(elapsed_text(microseconds(300)) == "0.3 ms");
  CHECK(elapsed_text(microseconds(38'200)) == "38 ms");
  CHECK(elapsed_text(microseconds(4'210'000)) == "4.21 s");
  CHECK(elapsed_text(microseconds(31'000'000)) == "31.0 s");
  CHECK(elapsed_text(microseconds(125'000'000)) == "2 min 5 s");
}

TEST_CASE("limits: every key sets its own field and shows it again") {
  Limits limits;
  for (const auto& key : app_limit_keys()) {
    CAPTURE(std::string(key.name));
    std::string before = limit_text(limits, key);
    std::string value = key.kind() == KeyKind::Duration ? "77s" : "77";
    CHECK_FALSE(set_limit(limits, key, value).has_value());
    CHECK(limit_text(limits, key) == value);
    CHECK(before != value);
    CHECK(set_limit(limits, key, "nonsense").has_value());
    CHECK(limit_text(limits, key) == value);
  }
}

}  // namespace berth
