// What a trusted peer says of its client, and what becomes of it on the way to the backend.
#include "proxy/http/client_address.h"

#include <doctest/doctest.h>

#include <string>

#include "proxy/http/head_rules.h"

using namespace berth;
using namespace berth::http;

namespace {

const TrustedPeers& proxies() {
  static const TrustedPeers peers = trusted_peers({"10.0.0.0/8", "2001:db8::/32", "unix"});
  return peers;
}

RequestHead read(const std::string& text) {
  RequestHead head;
  HeadError error;
  REQUIRE(read_request_head(text, {}, head, error) == HeadResult::Complete);
  return head;
}

std::string request(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"; }

std::string client(const std::string& fields, std::string_view peer = "10.0.0.1") {
  const std::string text = request(fields);
  return std::string(client_of(read(text), peer, proxies()));
}

/// What follows Host in the head for the backend, up to Via.
std::string told(const std::string& fields, std::string_view peer, std::uint32_t strip = 0) {
  const std::string text =
      strip == 0 ? request(fields) : "GET /api/x HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  const RequestHead head = read(text);
  loop::BlockPool pool;
  loop::Block out;
  const bool trusted = proxies().has(peer);
  write_request_head(head,
                     {.address = peer,
                      .client = trusted ? client_of(head, peer, proxies()) : peer,
                      .trusted = trusted,
                      .listener = "127.0.0.1:8000",
                      .strip = strip},
                     pool, out);
  const std::string all(out.view());
  const std::size_t begin = all.find("Host: h\r\n") + 9;
  return all.substr(begin, all.find("Via: ") - begin);
}

}  // namespace

TEST_CASE("client address: the first from the right that is no trusted peer's") {
  CHECK(client("") == "10.0.0.1");
  CHECK(client("X-Forwarded-For: 203.0.113.7\r\n") == "203.0.113.7");
  CHECK(client("X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.9.9.9\r\n") == "203.0.113.7");
  CHECK(client("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.7,10.9.9.9 , \r\n") == "203.0.113.7");
  CHECK(client("X-Forwarded-For: 10.1.1.1, 10.2.2.2\r\n") == "10.1.1.1");
  CHECK(client("X-Forwarded-For: 203.0.113.7:4711\r\n") == "203.0.113.7");
  CHECK(client("X-Forwarded-For: [2001:db9::7]:4711\r\n") == "2001:db9::7");
  CHECK(client("X-Forwarded-For: 2001:db9::7\r\n") == "2001:db9::7");
  CHECK(client("X-Forwarded-For: 203.0.113.7\r\n", "unix:") == "203.0.113.7");
}

TEST_CASE("client address: what stands before something that is no address is nobody's word") {
  CHECK(client("X-Forwarded-For: unknown\r\n") == "10.0.0.1");
  CHECK(client("X-Forwarded-For: 203.0.113.7, _hidden, 10.2.2.2\r\n") == "10.2.2.2");
  CHECK(client("X-Forwarded-For: 203.0.113.7, [\r\n") == "10.0.0.1");
  CHECK(client("X-Forwarded-For: " + std::string(5'000, ',') + "\r\n") == "10.0.0.1");
}

TEST_CASE("client address: only the usual spelling of a field is a proxy's") {
  CHECK(client("X_Forwarded_For: 6.6.6.6\r\n") == "10.0.0.1");
}

TEST_CASE("forwarding: a trusted peer's word is kept and appended to") {
  CHECK(
      told(
          "X-Forwarded-For: 6.6.6.6\r\nX-A: 1\r\nX-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"
          "X-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 443\r\nX-Real-IP: 6.6.6.6\r\n"
          "Forwarded: for=203.0.113.7;proto=https\r\nX_Forwarded_Proto: gopher\r\n",
          "10.0.0.1") ==
      "X-A: 1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Port: 443\r\n"
      "X-Real-IP: 203.0.113.7\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.1\r\n"
      "Forwarded: for=203.0.113.7;proto=https, for=10.0.0.1\r\n");
  CHECK(told("Forwarded: for=a\r\n", "2001:db8::1").find("Forwarded: for=a, for=\"[2001:db8::1]\"\r\n") !=
        std::string::npos);
}

TEST_CASE("forwarding: what a trusted peer has not said is said of its connection") {
  CHECK(told("", "10.0.0.1") ==
        "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: h\r\n");
  CHECK(told("X-Forwarded-Proto: https\r\n", "10.0.0.1") ==
        "X-Forwarded-Proto: https\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: h\r\n");
}

TEST_CASE("forwarding: a trusted peer of a unix socket has no address to be added") {
  CHECK(
      told("X-Forwarded-For: 203.0.113.7\r\nForwarded: for=203.0.113.7\r\n", "unix:") ==
      "X-Forwarded-For: 203.0.113.7\r\nForwarded: for=203.0.113.7, for=unknown\r\nX-Forwarded-Proto: http\r\n"
      "X-Forwarded-Host: h\r\n");
}

TEST_CASE("forwarding: a client cannot have a proxy's word removed by naming it in Connection") {
  CHECK(told("Connection: X-Forwarded-For, X-Forwarded-Proto, Forwarded\r\nX-Forwarded-For: 203.0.113.7\r\n"
             "X-Forwarded-Proto: https\r\nForwarded: for=203.0.113.7\r\n",
             "10.0.0.1")
            .find("X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\nForwarded: for=203.0.113.7, for=10.0.0.1\r\n") !=
        std::string::npos);
}

TEST_CASE("forwarding: the prefixes that a trusted peer and berth have taken off stand one after the other") {
  CHECK(told("X-Forwarded-Prefix: /shop\r\n", "10.0.0.1", 4).find("X-Forwarded-Prefix: /shop/api\r\n") !=
        std::string::npos);
  CHECK(told("X-Forwarded-Prefix: /shop\r\n", "192.0.2.7", 4).find("X-Forwarded-Prefix: /api\r\n") !=
        std::string::npos);
}

TEST_CASE("via: a request that was here before is known by its own name, among others and with comments") {
  const auto here = [](const std::string& via) {
    const std::string text = request(via);
    return came_through(read(text), "berth-0a1b2c3d-web");
  };
  CHECK(here("Via: 1.1 berth-0a1b2c3d-web\r\n"));
  CHECK(here("Via: 1.0 a\r\nVia: 1.1 b, HTTP/1.1  berth-0a1b2c3d-web (again)\r\n"));
  CHECK_FALSE(here("Via: 1.1 berth-0a1b2c3d-api\r\n"));
  CHECK_FALSE(here("Via: 1.1 berth-0a1b2c3d-web2, 1.1 berth, 1.1\r\n"));
  CHECK_FALSE(here("X-Via: 1.1 berth-0a1b2c3d-web\r\n"));
}
