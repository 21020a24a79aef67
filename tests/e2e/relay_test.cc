// mode = "tcp" where it goes wrong: clients that leave before they have a backend, and what is written down.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "tests/e2e/checks.h"
#include "tests/support/full_backlog.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

std::string app(const std::string& keys) {
  return "[front]\nworkers = 2\n[app.db]\nlisten = \"127.0.0.1:0\"\nmode = \"tcp\"\n" + keys;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Each of `parts` is in the status within the usual time.
bool shows(BerthProcess& berth, const std::vector<std::string>& parts) {
  std::string text;
  const bool shown = wait_until(
      [&] {
        text = berth.call("status", {"--json"}).out;
        return std::all_of(parts.begin(), parts.end(), [&](const auto& part) { return has(text, part); });
      },
      10s);
  CHECK_MESSAGE(shown, text);
  return shown;
}

const std::vector<std::string> kNobodyLeft{"\"failed\":0,", "\"held\":0,", "\"in_flight\":0,"};

}  // namespace

TEST_CASE("relay: a client that leaves while it waits gives up its place at once, and has not failed") {
  const TempDir dir;
  const std::string access = dir / "access.log";
  BerthProcess berth({.file = "[front.log]\naccess = \"" + access + "\"\naccess_format = \"json\"\n" +
                              app("limits = { hold_requests = 1 }\nstop = { grace = \"2s\" }\n" +
                                  ("command = " + scripted_toml({"--name", "bytes"})))});
  REQUIRE(berth.wait_serving());
  REQUIRE(berth.call("pause").exit_code == 0);
  for (int i = 0; i < 2; ++i) {
    RawClient waits(berth.port());
    REQUIRE(shows(berth, {"\"held\":1,"}));
    waits.leave();
    CHECK(shows(berth, kNobodyLeft));
  }
  // There is one place, and it is free.
  RawClient waits(berth.port());
  waits.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  REQUIRE(shows(berth, {"\"held\":1,"}));
  RawClient beyond(berth.port());
  CHECK(beyond.read_all().empty());
  CHECK(beyond.closed());
  CHECK(shows(berth, {"\"failed\":1,"}));
  REQUIRE(berth.call("resume").exit_code == 0);
  CHECK(waits.read_response().body == "bytes\n");
  waits.finish_sending();
  CHECK(shows(berth, {"\"in_flight\":0,"}));
  RawClient breaks(berth.port());
  REQUIRE(shows(berth, {"\"in_flight\":1,", "\"tunnels\":1}"}));
  breaks.leave();
  CHECK(shows(berth, {"\"failed\":1,", "\"in_flight\":0,", "\"tunnels\":0}"}));
  const std::string metrics =
      run_command({.command = {"curl", "-s", "--unix-socket", berth.control(), "http://berth/metrics"}}).out;
  CAPTURE(metrics);
  CHECK(has(metrics, "berth_requests_total{app=\"db\",code=\"none\"} 2\n"));
  CHECK(has(metrics, "berth_requests_total{app=\"db\",code=\"5xx\"} 1\n"));
  CHECK(has(metrics, "berth_limit_hits_total{app=\"db\",limit=\"hold_requests\"} 1\n"));
  CHECK(has(metrics, "berth_request_duration_seconds_count{app=\"db\"} 0\n"));
  check_clean_stop(berth);
  const std::string log = read_file(access);
  CAPTURE(log);
  const std::string start = "\"client\":\"127.0.0.1\",\"protocol\":\"tcp\",\"status\":";
  CHECK(has(log, start + "499,\"bytes\":0,\"received\":0,\"app\":\"db\",\"generation\":0,\"held_ms\":"));
  CHECK(has(log, start + "503,\"bytes\":0,\"received\":0,\"app\":\"db\",\"generation\":0,"));
  CHECK(has(log, ",\"received\":46,\"app\":\"db\",\"generation\":1,"));
  CHECK(has(log, start + "200,\"bytes\":0,\"received\":0,\"app\":\"db\",\"generation\":1,"));
  CHECK(has(log, "\"complete\":false}"));
}

TEST_CASE("relay: a client that leaves while its backend takes no connection ends at once") {
  FullBacklog server;
  BerthProcess berth({.file = app("external = \"" + server.address() + "\"\nready = { tcp = true }\n" +
                                  "limits = { connect_timeout = \"1m\" }\n")});
  REQUIRE(berth.child().wait_output("db#1    serving", 15s));
  server.fill();
  RawClient waits(berth.port());
  REQUIRE(shows(berth, {"\"in_flight\":1,", "\"upstream_active\":1,"}));
  waits.leave();
  CHECK(shows(berth, kNobodyLeft));
  CHECK(shows(berth, {"\"upstream_active\":0,"}));
  check_clean_stop(berth);
}
