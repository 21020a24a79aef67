#include "proxy/http/request_id.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace berth::http {

TEST_CASE("request id: token characters, at most 128") {
  for (const char* good : {"a", "0123456789abcdef", "a-b_c.d~e", "!#$%&'*+^`|"}) CHECK(is_request_id(good));
  CHECK(is_request_id(std::string(128, 'x')));
  for (const char* bad : {"", "a b", "a,b", "a\"b", "a/b", "\xc3\xa9", "a\x01", "<script>", "a:b"})
    CHECK_FALSE(is_request_id(bad));
  CHECK_FALSE(is_request_id(std::string(129, 'x')));
}

TEST_CASE("request id: new ones are 32 hex digits, and differ") {
  RequestIds ids;
  RequestIds others;
  std::set<std::string> seen;
  std::set<char> digits;
  for (int i = 0; i < 1000; ++i) {
    for (RequestIds* each : {&ids, &others}) {
      RequestIds::Text text;
      each->next(text.data());
      const std::string id(text.data(), text.size());
      CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
      digits.insert(id.begin(), id.end());
      seen.insert(id);
    }
  }
  CHECK(seen.size() == 2000);
  CHECK(digits.size() == 16);
}

}  // namespace berth::http
