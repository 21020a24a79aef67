#include "config/path_text.h"

#include <doctest/doctest.h>

namespace berth {

TEST_CASE("path text: escapes are compared without case, and of unreserved characters as these") {
  CHECK(one_spelling("/caf%c3%a9") == "/caf%C3%A9");
  CHECK(one_spelling("/caf%C3%A9") == "/caf%C3%A9");
  CHECK(one_spelling("/%61pi/%7euser") == "/api/~user");
  CHECK(one_spelling("/a%2fb") == "/a%2Fb");
  CHECK(one_spelling("/a?b=%c3%61") == "/a?b=%c3%61");
  for (const char* plain : {"/", "/api", "/%", "/%4", "/%zz", "/a%", "*", ""}) {
    CAPTURE(std::string(plain));
    CHECK(one_spelling(plain) == plain);
  }
}

TEST_CASE("path text: the part that was compared is found again in what was sent") {
  CHECK(size_as_spelt("/caf%c3%a9/x", 10) == 10);
  CHECK(size_as_spelt("/%61pi/x", 4) == 6);
  CHECK(size_as_spelt("/api", 4) == 4);
  CHECK(size_as_spelt("/api", 9) == 4);
  CHECK(size_as_spelt("/api", 0) == 0);
  const std::string spelt = one_spelling("/%61%62%63%64", 3);
  CHECK(spelt == "/ab");
}

}  // namespace berth
