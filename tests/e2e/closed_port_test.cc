// A backend whose process lives while its port takes no connections: its requests are held, and it is said.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

Command server(const TempDir& dir) { return {"/usr/bin/python3", app_path("closes_port.py"), dir / "go"}; }

}  // namespace

TEST_CASE("closed port: requests are held until a live process listens again, which is said once each way") {
  const TempDir dir;
  BerthProcess berth({.command = server(dir), .more = {"--limit", "connect_timeout=300ms"}});
  REQUIRE(berth.wait_serving());
  CHECK(get(berth.port(), "/close").status == 200);
  REQUIRE(wait_until([&] { return berth.call("logs").all().find("closed") != std::string::npos; }));
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int n = 0; n < 20; ++n) {
    clients.push_back(std::make_unique<RawClient>(berth.port()));
    clients.back()->send(kGet);
  }
  // Long after connect_timeout all of them wait, and everybody can see why.
  REQUIRE(berth.child().wait_output("takes no connections", 15s));
  CHECK(wait_until(
      [&] { return berth.call("status", {"--json"}).out.find("\"held\":20,") != std::string::npos; }));
  check_screen(berth.call("status"), {"closed", "its port is closed, and requests are held"});
  const std::string why = unwrapped(berth.call("why").out);
  INFO(why);
  CHECK(why.find("Now generation 1 takes no connections, though its process runs, and requests wait.") !=
        std::string::npos);
  CHECK(why.find("`berth restart app` starts its command again.") != std::string::npos);
  CHECK(why.find("Nothing: generation 1 serves") == std::string::npos);
  for (const auto& client : clients) CHECK(client->unread().empty());
  write_file(dir / "go", "");
  for (const auto& client : clients) {
    const RawResponse response = client->read_response(false, 20s);
    CHECK(response.status == 200);
    CHECK(response.body == "listener 2\n");
  }
  REQUIRE(berth.child().wait_output("takes connections again", 10s));
  check_screen(berth.call("status"), {"serving"});
  check_screen(berth.call("why"), {"takes connections again", "Nothing: generation 1 serves"});
  CHECK(count(berth.output(), "takes no connections") == 1);
  CHECK(count(berth.output(), "takes connections again") == 1);
  check_clean_stop(berth);
}

TEST_CASE("closed port: a request is held for hold_timeout, and beyond hold_requests not at all") {
  const TempDir dir;
  BerthProcess berth(
      {.command = server(dir), .more = {"--limit", "hold_timeout=2s", "--limit", "hold_requests=1"}});
  REQUIRE(berth.wait_serving());
  CHECK(get(berth.port(), "/close").status == 200);
  REQUIRE(wait_until([&] { return berth.call("logs").all().find("closed") != std::string::npos; }));
  const auto begun = std::chrono::steady_clock::now();
  RawClient held(berth.port());
  held.send(kGet);
  REQUIRE(wait_until(
      [&] { return berth.call("status", {"--json"}).out.find("\"held\":1,") != std::string::npos; }));
  RawClient beyond(berth.port());
  beyond.send(kGet);
  CHECK(beyond.read_response().status == 503);
  const RawResponse response = held.read_response();
  CHECK(response.status == 503);
  CHECK(response.body.find("takes no connections") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begun >= 2s);
  check_clean_stop(berth);
}

TEST_CASE("closed port: a connection of mode tcp is held, too") {
  const TempDir dir;
  BerthProcess berth({.command = server(dir), .more = {"--mode", "tcp"}});
  REQUIRE(wait_until([&] { return get(berth.port(), "/").status == 200; }));
  CHECK(get(berth.port(), "/close").status == 200);
  REQUIRE(wait_until([&] { return berth.call("logs").all().find("closed") != std::string::npos; }));
  RawClient client(berth.port());
  client.send(kGet);
  REQUIRE(berth.child().wait_output("takes no connections", 15s));
  write_file(dir / "go", "");
  const RawResponse response = client.read_response(false, 20s);
  CHECK(response.body == "listener 2\n");
  check_clean_stop(berth);
}
