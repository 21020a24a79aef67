// JSON as berth writes it is valid, whatever is in it.
#include "config/json_text.h"

#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <limits>

namespace json = boost::json;
using berth::json_text;
using berth::utf8_text;

TEST_CASE("json text: what is no UTF-8 becomes U+FFFD, byte by byte, and the rest stays") {
  const std::string mark = "\xef\xbf\xbd";
  struct Row {
    std::string bytes, text;
  };
  for (const Row& row : {Row{"plain", "plain"},
                         {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\xa2", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\xa2"},
                         {"a\xff"
                          "b",
                          "a" + mark + "b"},
                         {"\xc3", mark},
                         {"\xe2\x82", mark + mark},
                         {"\xc0\xaf", mark + mark},                        // overlong
                         {"\xed\xa0\x80", mark + mark + mark},             // half of a surrogate pair
                         {"\xf4\x90\x80\x80", mark + mark + mark + mark},  // beyond the last character
                         {"\x80x", mark + "x"}}) {
    CAPTURE(row.bytes);
    CHECK(utf8_text(row.bytes) == row.text);
    // As a value, and as a member's name: what is read back is the same.
    json::error_code error;
    const auto back = json::parse(json_text(json::object{{row.bytes, row.bytes}}), error);
    REQUIRE_FALSE(error);
    CHECK(back.as_object().begin()->key() == row.text);
    CHECK(back.as_object().begin()->value().as_string() == row.text);
  }
}

TEST_CASE("json text: control characters, quotes and backslashes are escaped") {
  std::string every;
  for (int c = 0; c < 0x80; ++c) every += static_cast<char>(c);
  const std::string text = json_text(json::value(every));
  for (const char c : text) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  CHECK(json::parse(text).as_string() == every);
  CHECK(json_text(json::value("\n\r\t\x1b\"\\")) == R"("\n\r\t\u001b\"\\")");
}

TEST_CASE("json text: numbers keep their value, and what is not finite is null") {
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK(json_text(json::array{infinite, -infinite, std::numeric_limits<double>::quiet_NaN()}) ==
        "[null,null,null]");
  CHECK(json_text(json::array{0.1, 1.0, -2.5, 1e300, 3e-7}) == "[0.1,1,-2.5,1e+300,3e-07]");
  CHECK(json_text(json::array{std::numeric_limits<std::uint64_t>::max(),
                              std::numeric_limits<std::int64_t>::min(), 0}) ==
        "[18446744073709551615,-9223372036854775808,0]");
}

TEST_CASE("json text: members and elements stand in their order, on one line") {
  const json::object object{{"b", json::array{}},
                            {"a", json::object{}},
                            {"c", json::array{true, false, nullptr, json::array{1, 2}}}};
  CHECK(json_text(object) == R"({"b":[],"a":{},"c":[true,false,null,[1,2]]})");
  CHECK(json_text(json::value(object)) == json_text(object));
}
