// Endpoints as socket addresses, there and back.
#include "config/socket_address.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace berth;

TEST_CASE("socket address: every family comes back as it went") {
  std::array<std::uint8_t, 16> v6{0x20, 0x01, 0x0d, 0xb8};
  v6[15] = 7;
  Endpoint unix_path;
  unix_path.family = Endpoint::Family::Unix;
  unix_path.path = "/run/app.sock";
  for (const Endpoint& endpoint :
       {Endpoint::v4({192, 0, 2, 7}, 8080), Endpoint::v6(v6, 65535), Endpoint::loopback_v6(1), unix_path}) {
    const SocketAddress address = socket_address(endpoint);
    CHECK(address.size != 0);
    const auto back = endpoint_of(address.storage);
    REQUIRE(back.has_value());
    CHECK(*back == endpoint);
  }
}

TEST_CASE("socket address: an IPv4 address in IPv6's clothes is IPv4") {
  std::array<std::uint8_t, 16> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  CHECK(endpoint_of(mapped.data(), true, 80) == Endpoint::loopback_v4(80));
}

TEST_CASE("socket address: a path of 107 bytes fits, one more does not") {
  Endpoint endpoint;
  endpoint.family = Endpoint::Family::Unix;
  endpoint.path = "/" + std::string(106, 'x');
  CHECK(socket_address(endpoint).size != 0);
  endpoint.path += 'x';
  CHECK(socket_address(endpoint).size == 0);
}

TEST_CASE("socket address: an address of no known family is none") {
  CHECK_FALSE(endpoint_of(sockaddr_storage{}).has_value());
}
