// Requests wait where there is no backend yet, within limits, and errors say that they are berth's.
#include <doctest/doctest.h>

#include <csignal>
#include <thread>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("holding: requests before the first backend is ready wait and are answered") {
  BerthProcess berth({.command = scripted({"--name", "late", "--listen-after", "700"})});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(berth.port()));
    clients.back()->send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  }
  for (auto& client : clients) CHECK(client->read_response().body == "hello");
  check_clean_stop(berth);
}

TEST_CASE("holding: a server that answers 503 while it starts gets no user before it is ready") {
  BerthProcess berth({.command = scripted({"--name", "late", "--ready-after", "600"})});
  CHECK(who_answers(berth.port()) == "late");
  check_clean_stop(berth);
}

TEST_CASE("holding: what waits too long is refused by berth with 503") {
  BerthProcess berth({.command = scripted({"--never-listen"}),
                      .ready_timeout = "30s",
                      .more = {"--limit", "hold_timeout=300ms"}});
  const auto response = get(berth.port(), "/");
  CHECK(response.status == 503);
  CHECK(response.field("Server") == "berth");
  CHECK_FALSE(response.field("Retry-After").empty());
  CHECK(response.body.starts_with("berth: "));
  check_clean_stop(berth);
}

TEST_CASE("holding: beyond the limit of the queue requests are refused at once") {
  BerthProcess berth(
      {.command = scripted({"--never-listen"}),
       .ready_timeout = "30s",
       .more = {"--limit", "hold_requests=2", "--limit", "hold_timeout=20s", "--workers", "1"}});
  RawClient first(berth.port()), second(berth.port());
  first.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  second.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // Whether the first two are in the queue yet, only a third can tell.
  const bool refused = wait_until([&] { return get(berth.port(), "/", 1s).status == 503; }, 10s);
  CHECK(refused);
  check_clean_stop(berth);
}

TEST_CASE("holding: a browser gets a page, and others a line") {
  BerthProcess berth({.command = scripted({"--never-listen"}),
                      .ready_timeout = "30s",
                      .more = {"--limit", "hold_timeout=100ms"}});
  RawClient browser(berth.port());
  browser.send("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html,application/xhtml+xml\r\n\r\n");
  const auto page = browser.read_response();
  CHECK(page.status == 503);
  CHECK(page.field("Content-Type").starts_with("text/html"));
  CHECK(page.body.find("<!doctype html>") != std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("holding: a crash under load loses nothing that has not been sent") {
  TempDir dir;
  BerthProcess berth({.command = scripted({"--name", "steady", "--pid-file", dir / "pids"})});
  REQUIRE(berth.wait_serving());
  auto plan = users_of(berth.port(), Posts::None);
  berth::load::Load load(plan);
  load.start();
  REQUIRE(wait_answers(load, 50));
  const auto old = recorded(dir / "pids").back();
  ::kill(old.pid, SIGKILL);
  REQUIRE(wait_answers(load, 100));
  const auto result = load.stop();
  INFO(result.text());
  CHECK(result.failed(berth::load::FailureKind::Refused) == 0);
  CHECK(result.probe.refused == 0);
  // Idempotent requests in flight are tried again, so GETs see no failure at all.
  CHECK(result.failed() == 0);
  check_clean_stop(berth);
}
