// Malformed and ambiguous requests are refused by berth itself and never reach the backend.
#include <doctest/doctest.h>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("framing: what is ambiguous or malformed is refused with 400 and the connection closed") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--record", dir / "seen"})});
  REQUIRE(berth.wait_serving());
  const std::string start = "POST /smuggled HTTP/1.1\r\nHost: localhost\r\n";
  struct Row {
    std::string name;
    std::string bytes;
  };
  const Row rows[] = {
      {"length and chunked", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"two lengths that differ", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
      {"a list of lengths that differ", start + "Content-Length: 5, 6\r\n\r\nhello!"},
      {"a length that is no number", start + "Content-Length: +5\r\n\r\nhello"},
      {"a length that overflows", start + "Content-Length: 99999999999999999999999\r\n\r\n"},
      {"chunked twice", start + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"},
      {"chunked not last", start + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
      {"space before the colon", start + "Content-Length : 5\r\n\r\nhello"},
      {"a folded field", start + "X-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n"},
      {"no host", "GET /smuggled HTTP/1.1\r\n\r\n"},
      {"two hosts", "GET /smuggled HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {"a bare line feed", "GET /smuggled HTTP/1.1\nHost: a\n\n"},
      {"a NUL in a value", start + std::string("X-A: a\0b\r\n\r\n", 12)},
      {"a control character in the target", "GET /smug\x01gled HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"no HTTP at all", "\x16\x03\x01\x02 hello\r\n\r\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    RawClient client(berth.port());
    client.send(row.bytes);
    const auto response = client.read_response();
    // A version that is cut short by a bare line feed may be called one that is not supported.
    CHECK(response.status == 400);
    CHECK(response.field("Server") == "berth");
    client.read_all(5s);
    CHECK(client.closed());
  }
  CHECK(read_file(dir / "seen").find("smug") == std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("framing: heads beyond the limits are refused, each with its own status") {
  BerthProcess berth({.command = scripted({})});
  REQUIRE(berth.wait_serving());
  RawClient large(berth.port());
  large.send("GET / HTTP/1.1\r\nHost: a\r\nX-A: " + std::string(70'000, 'a') + "\r\n\r\n");
  CHECK(large.read_response().status == 431);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 200; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  RawClient fields(berth.port());
  fields.send(many + "\r\n");
  CHECK(fields.read_response().status == 431);
  RawClient target(berth.port());
  target.send("GET /" + std::string(70'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(target.read_response().status == 414);
  RawClient version(berth.port());
  version.send("GET / HTTP/3.0\r\nHost: a\r\n\r\n");
  const auto status = version.read_response().status;
  CHECK((status == 505 || status == 400));
  check_clean_stop(berth);
}

TEST_CASE("framing: a body that breaks its chunks ends the exchange, and no second request comes of it") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--record", dir / "seen"})});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabcdef\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto response = client.read_response(false, 10s);
  CHECK((response.status == 400 || response.status == 0));
  client.read_all(5s);
  CHECK(client.closed());
  CHECK(read_file(dir / "seen").find("smuggled") == std::string::npos);
  CHECK(who_answers(berth.port()) != "STATUS 502");
  check_clean_stop(berth);
}

TEST_CASE("framing: bytes in small pieces make the same request") {
  BerthProcess berth({.command = scripted({})});
  REQUIRE(berth.wait_serving());
  RawClient client(berth.port());
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
      "chunked\r\n\r\n4\r\nabcd\r\n2;x=1\r\nef\r\n0\r\n\r\n";
  for (const char c : request) client.send({&c, 1});
  CHECK(client.read_response().body == "abcdef");
  check_clean_stop(berth);
}
