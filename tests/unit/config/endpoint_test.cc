// Addresses as text, and the names that need no look-up.
#include "config/endpoint.h"

#include <doctest/doctest.h>

#include "config/listen_text.h"
#include "config/loopback_name.h"
#include "config/port_mode.h"

using namespace berth;

TEST_CASE("endpoint: an IPv4-mapped IPv6 address is the IPv4 address, wherever one is written") {
  struct Row {
    const char* text;
    Endpoint endpoint;
  };
  for (const Row& row : {Row{"[::ffff:127.0.0.1]:80", Endpoint::loopback_v4(80)},
                         {"[::FFFF:7f00:1]:80", Endpoint::loopback_v4(80)},
                         {"[0:0:0:0:0:ffff:10.1.2.3]:9", Endpoint::v4({10, 1, 2, 3}, 9)},
                         {"[::ffff:0.0.0.0]:0", Endpoint::any_v4(0)}}) {
    CAPTURE(row.text);
    CHECK(Endpoint::parse(row.text) == row.endpoint);
    CHECK(std::get<ListenText>(parse_listen(row.text)).addresses == std::vector<Endpoint>{row.endpoint});
  }
  CHECK(std::get<Endpoint>(parse_server_address("[::ffff:127.0.0.1]:9000")) == Endpoint::loopback_v4(9000));
  // A wildcard is where a server listens, in these clothes, too.
  CHECK(parse_server_address("[::ffff:0.0.0.0]:9000").index() == 1);
  // Near ones are IPv6.
  for (const char* text : {"[::fffe:7f00:1]:80", "[::7f00:1]:80", "[1::ffff:7f00:1]:80"}) {
    CAPTURE(text);
    REQUIRE(Endpoint::parse(text));
    CHECK(Endpoint::parse(text)->family == Endpoint::Family::V6);
  }
}

TEST_CASE("loopback name: localhost and every name below it, in any case, with the root's dot") {
  for (const char* name :
       {"localhost", "LOCALHOST", "localhost.", "a.localhost", "A.b.LocalHost.", "x--y.localhost"}) {
    CAPTURE(name);
    CHECK(is_loopback_name(name));
  }
  for (const char* name : {"", ".", "localhos", "xlocalhost", "localhost.test", ".localhost", "a..localhost",
                           "localhost..", "127.0.0.1", "a@b.localhost", "a b.localhost"}) {
    CAPTURE(name);
    CHECK_FALSE(is_loopback_name(name));
  }
}

TEST_CASE("loopback name: it is a listening address, and where a server is reached") {
  const auto both = std::vector<Endpoint>{Endpoint::loopback_v4(80), Endpoint::loopback_v6(80)};
  CHECK(std::get<ListenText>(parse_listen("a.localhost:80")).addresses == both);
  CHECK(std::get<ListenText>(parse_listen("LocalHost:80")).addresses == both);
  CHECK(std::get<Endpoint>(parse_server_address("a.localhost:9000")) == Endpoint::loopback_v4(9000));
  CHECK(parse_listen("a.localhost.test:80").index() == 1);
  CHECK(parse_server_address("localhost.test:80").index() == 1);
  CHECK(parse_server_address("a.localhost").index() == 1);
}
