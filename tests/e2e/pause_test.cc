// Requests that wait because somebody said so.
#include <doctest/doctest.h>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

const std::string kGet = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

bool holds(BerthProcess& berth, const std::string& count) {
  return wait_until(
      [&] { return berth.call("status").out.find(", " + count + " held") != std::string::npos; }, 10s);
}

}  // namespace

TEST_CASE("pause: what is under way goes on, what is new waits, also behind a swap, until the resume") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  CHECK(berth.call("resume").exit_code == 1);
  RawClient under_way(berth.port());
  under_way.send("GET /slow?4000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  REQUIRE(wait_until([&] { return berth.call("status").out.find("in flight 1") != std::string::npos; }, 10s));
  CHECK(berth.call("pause", {"--message", "back at noon"}).exit_code == 0);
  // Every worker has it: each adds to the status.
  check_screen(berth.call("status"), {" paused ", "paused since", "until `berth resume`", "back at noon"});
  RawClient waits(berth.port());
  waits.send(kGet);
  CHECK(holds(berth, "1"));
  CHECK(under_way.read_response().body == "one\n");
  CHECK(berth.swap(scripted({"--name", "two"})).exit_code == 0);
  CHECK(holds(berth, "1"));
  CHECK(berth.call("resume").exit_code == 0);
  CHECK(waits.read_response().body == "two\n");
  CHECK(berth.call("status").out.find("paused") == std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("pause: who waits too long, or finds the queue full, is told the message") {
  BerthProcess berth({.command = scripted({"--name", "one"}),
                      .more = {"--limit", "hold_requests=1", "--limit", "hold_timeout=5s"}});
  REQUIRE(berth.wait_serving());
  CHECK(berth.call("pause", {"--message", "back at noon"}).exit_code == 0);
  CHECK(berth.call("status").exit_code == 0);
  RawClient waits(berth.port());
  waits.send(kGet);
  REQUIRE(holds(berth, "1"));
  RawClient refused(berth.port());
  refused.send(kGet);
  for (RawClient* each : {&refused, &waits}) {
    const RawResponse response = each->read_response();
    CHECK(response.status == 503);
    CHECK(response.body.find("back at noon") != std::string::npos);
  }
  check_clean_stop(berth);
}

TEST_CASE("pause: with --max it ends by itself, and users who come all the time see no failure") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 50));
  CHECK(berth.call("pause", {"--max", "500ms"}).exit_code == 0);
  REQUIRE(berth.child().wait_output("resumed", 10s));
  REQUIRE(wait_answers(load, 50));
  CHECK(berth.call("pause").exit_code == 0);
  CHECK(berth.call("restart").exit_code == 0);
  CHECK(berth.call("resume").exit_code == 0);
  REQUIRE(wait_answers(load, 50));
  check_nothing_failed(load.stop());
  CHECK(berth.call("pause", {"--max", "soon"}).exit_code == 2);
  check_clean_stop(berth);
}

TEST_CASE("pause: a body that is not understood changes nothing, and the answer says what to send") {
  BerthProcess berth({.command = scripted({"--name", "one"})});
  REQUIRE(berth.wait_serving());
  const std::vector<std::pair<std::string, std::string>> rows{
      {"{", "the body is not JSON"},
      {"[]", "must be a JSON object"},
      {R"({"message": 1})", "'message' must be a text"},
      {R"({"max": "soon"})", "'max' must be a time"},
      {R"({"max": 3})", "'max' must be a time"},
      {R"({"reason": "x"})", "no member 'reason'"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const std::string answer = run_command({.command = {"curl", "-si", "--unix-socket", berth.control(), "-d",
                                                        row.first, "http://berth/v1/apps/app/pause"}})
                                   .out;
    CAPTURE(answer);
    for (const std::string& part :
         {std::string("HTTP/1.1 400 "), std::string("application/problem+json"),
          std::string("urn:berth:bad-body"), row.second, std::string("send nothing, or {\\\"message\\\"")})
      CHECK(answer.find(part) != std::string::npos);
  }
  CHECK(who_answers(berth.port()) == "one");
  check_clean_stop(berth);
}
