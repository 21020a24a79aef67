// What berth writes down of requests: the log, the access log, ids and times in fields.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "tests/e2e/checks.h"
#include "tests/support/raw_client.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// A berth.toml with one app, which shows the head that it was sent at /head.
std::string file_with(const std::string& log, const std::string& app = {}) {
  return "[front]\nworkers = 2\n[front.log]\n" + log +
         "[app.web]\nlisten = \"127.0.0.1:0\"\nready = { listen = true }\n" + "command = " + scripted_toml() +
         "\nstop = { grace = \"2s\" }\n" + app;
}

RawResponse ask(std::uint16_t port, const std::string& target, const std::string& fields) {
  RawClient client(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + fields + "\r\n");
  return client.read_response();
}

std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("log: --log-format json makes every line an object, the first included") {
  BerthProcess berth({.command = scripted({"--say", "hello \"you\""}), .more = {"--log-format", "json"}});
  REQUIRE(berth.child().wait_output("serving after", 15s));
  REQUIRE(berth.child().wait_output("hello", 10s));
  const std::string out = berth.output();
  CAPTURE(out);
  CHECK(out.starts_with("{\"time\":\""));
  CHECK(has(out,
            "\"app\":\"app\",\"generation\":1,\"stream\":\"stderr\",\"message\":\"hello \\\"you\\\"\"}\n"));
  CHECK(has(out, "\"message\":\"listening on http://"));
  CHECK_FALSE(has(out, "\nberth: "));
  check_clean_stop(berth);
}

TEST_CASE("log: --log-level error leaves out what went as it should") {
  BerthProcess berth({.command = scripted(), .more = {"--log-level", "error"}});
  REQUIRE(berth.wait_serving());
  check_clean_stop(berth);
  CHECK_FALSE(has(berth.output(), "serving after"));
  CHECK_FALSE(has(berth.output(), "started: pid"));
}

TEST_CASE("access log: one JSON line a request, with its id, from every worker") {
  const TempDir dir;
  const std::string access = dir / "access.log";
  BerthProcess berth({.file = file_with("access = \"" + access + "\"\naccess_format = \"json\"\n",
                                        "fields = { server_timing = true, generation = true }\n")});
  REQUIRE(berth.wait_serving());
  const RawResponse response =
      ask(berth.port(), "/head?q=\"", "");  // a quote in a target is refused: 400, and logged as nobody's
  CHECK(response.status == 400);
  CHECK(response.field("X-Request-Id").size() == 32);
  const RawResponse good =
      ask(berth.port(), "/head", "User-Agent: a\"b\\\xc3\xa9\r\nReferer: here\r\nX-Request-Id: mine-7\r\n");
  CHECK(good.status == 200);
  CHECK(has(good.body, "X-Request-Id: mine-7\r\n"));
  CHECK(good.field("X-Request-Id") == "mine-7");
  CHECK(good.field("Berth-Generation") == "1");
  CHECK(good.field("Server-Timing").starts_with("berth;dur="));
  for (int i = 0; i < 50; ++i) CHECK(ask(berth.port(), "/many", "").status != 0);
  REQUIRE(wait_until([&] { return lines(read_file(access)) >= 52; }));
  const std::string text = read_file(access);
  CAPTURE(text);
  CHECK(has(text, "\"status\":400,"));
  CHECK(has(text, "\"request_id\":\"" + response.field("X-Request-Id") + "\",\"app\":\"\""));
  CHECK(
      has(text, "\"method\":\"GET\",\"target\":\"/head\",\"version\":\"HTTP/1.1\",\"status\":200,\"bytes\":" +
                    std::to_string(good.body.size()) +
                    ",\"referer\":\"here\",\"user_agent\":\"a\\\"b\\\\\xc3\xa9\","
                    "\"request_id\":\"mine-7\",\"app\":\"web\",\"generation\":1,\"held_ms\":"));
  CHECK(has(berth.call("status", {"--json"}).out, "\"access_log_dropped\":0"));
  check_clean_stop(berth);
}

TEST_CASE("access log: combined lines, and a new file on SIGUSR1") {
  const TempDir dir;
  const std::string access = dir / "access.log";
  BerthProcess berth({.file = file_with("access = \"" + access + "\"\n")});
  REQUIRE(berth.wait_serving());
  CHECK(ask(berth.port(), "/one", "User-Agent: \"\t\r\n").status != 0);
  REQUIRE(wait_until([&] { return has(read_file(access), "\"GET /one HTTP/1.1\" "); }));
  CHECK(has(read_file(access), " \"-\" \"\\x22\"\n"));
  CHECK(read_file(access).starts_with("127.0.0.1 - - ["));
  std::filesystem::rename(access, access + ".1");
  ::kill(berth.pid(), SIGUSR1);
  REQUIRE(wait_until([&] { return std::filesystem::exists(access); }));
  CHECK(ask(berth.port(), "/two", "").status != 0);
  check_clean_stop(berth);
  CHECK(has(read_file(access), "\"GET /two HTTP/1.1\" "));
  CHECK_FALSE(has(read_file(access + ".1"), "/two"));
}

TEST_CASE("access log: a file that cannot be opened is told before anything is started") {
  const TempDir dir;
  write_file(dir / "berth.toml", file_with("access = \"no/such/dir/a.log\"\n"));
  const auto run =
      run_command({.command = {berth_binary(), "run", "--control", dir / "c"}, .dir = dir.path()});
  CHECK(run.exit_code == 1);
  check_screen(run, {"cannot open the access log", "no/such/dir/a.log", "no such file"});
}

TEST_CASE("access log: a request id can be left alone, and SIGUSR1 with standard output is nothing") {
  BerthProcess berth({.file = file_with("access = \"-\"\n", "fields = { request_id = false }\n")});
  REQUIRE(berth.wait_serving());
  ::kill(berth.pid(), SIGUSR1);
  const RawResponse plain = ask(berth.port(), "/head", "");
  CHECK(plain.field("X-Request-Id").empty());
  CHECK_FALSE(has(plain.body, "X-Request-Id"));
  CHECK(has(ask(berth.port(), "/head", "X-Request-Id: a b\r\n").body, "X-Request-Id: a b\r\n"));
  check_clean_stop(berth);
  CHECK(has(berth.output(), "\"GET /head HTTP/1.1\" 200 "));
}
