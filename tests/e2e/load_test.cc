// `berth load` as it is called: against a server whose faults are known it reports exactly those; what ends a
// run, what restarts the server, where the report goes, and the exit codes.
#include <doctest/doctest.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <map>
#include <mutex>

#include "bench/load/load.h"
#include "tests/e2e/checks.h"
#include "tests/support/faulty_server.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;
namespace json = boost::json;

namespace {

ChildOptions load_options(std::vector<std::string> options) {
  options.insert(options.begin(), {berth_binary(), "load"});
  return {.command = std::move(options)};
}

CommandResult load(std::vector<std::string> options) { return run_command(load_options(std::move(options))); }

json::object report_in(const std::string& text) {
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  INFO(text);
  REQUIRE_FALSE(error);
  return value.as_object();
}

/// Exactly these failures: every other kind is there, and zero.
void check_failures(const json::object& report, const std::map<std::string, std::uint64_t>& expected) {
  INFO(json::serialize(report.at("failure_samples")));
  CHECK(report.at("failures").as_object().size() == berth::load::kFailureKinds);
  for (const auto& member : report.at("failures").as_object()) {
    const std::string kind(member.key());
    const auto wanted = expected.find(kind);
    INFO(kind);
    CHECK(member.value().to_number<std::uint64_t>() == (wanted == expected.end() ? 0 : wanted->second));
  }
}

double number(const json::value& value) { return value.to_number<double>(); }

const FaultyAnswer kDrop{.close = true};

}  // namespace

TEST_CASE("load: known faults are reported exactly, by their kinds, and nothing else is") {
  std::uint64_t gets = 0, posts = 0;
  std::string other;
  FaultyServer server([&](const FaultyRequest& request) {
    if (request.method == "POST") {
      const auto number = ++posts;
      if (number == 1) other = request.body;
      if (number == 40) return answer(other);
      if (number == 60) return answer(request.body, "X-Load-Seen: 2\r\n");
      const auto whole = http_answer("200 OK", request.body, "X-Load-Seen: 1\r\n");
      if (number == 80) return FaultyAnswer{.parts = {{whole + whole}}};
      return FaultyAnswer{.parts = {{whole}}};
    }
    const auto number = ++gets;
    if (number % 20 == 0 && number <= 140) return kDrop;
    if (number == 150) return FaultyAnswer{.parts = {{http_answer("200 OK", "late"), 300ms}}};
    if (number == 170)
      return FaultyAnswer{.parts = {{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}}, .close = true};
    if (number >= 180 && number < 183) return FaultyAnswer{.parts = {{http_answer("503 Busy", "")}}};
    if (number >= 190 && number < 192) return FaultyAnswer{.parts = {{http_answer("404 Not Found", "")}}};
    return answer("x");
  });
  const auto result = load(
      {server.url(), "-c", "1", "-n", "400", "--mix", "post=40%@/echo", "--json", "-", "--max-failed", "15"});
  INFO(result.all());
  CHECK(result.exit_code == 1);
  const auto report = report_in(result.out);
  check_failures(
      report, {{"reset", 7}, {"truncated", 1}, {"wrong_body", 1}, {"duplicate", 2}, {"4xx", 2}, {"5xx", 3}});
  CHECK(server.requests() == 400);
  CHECK(report.at("requests") == 400);
  CHECK(report.at("answered") == 384);
  CHECK(report.at("latency_ms").at("count") == 384);
  CHECK(report.at("kinds").at(0).at("requests") == 240);
  CHECK(report.at("kinds").at(0).at("failed") == 13);
  CHECK(report.at("kinds").at(1).at("requests") == 160);
  CHECK(report.at("kinds").at(1).at("failed") == 3);
  // The same of each kind are one line.
  CHECK(report.at("failure_samples").as_array().size() <= 8);
  CHECK(report.at("failure_samples").at(0).as_string().find(" times, the last at ") != std::string::npos);
  CHECK(report.at("keepalive_closed") == 0);
  // A new connection behind each of the failures, and the first.
  CHECK(report.at("connections_opened") == 17);
  CHECK(number(report.at("latency_ms").at("max")) >= 300);
  CHECK(number(report.at("latency_ms").at("p99")) < 300);
  CHECK(number(report.at("longest_gap_ms")) >= 300);
  CHECK(report.at("ended_by") == "requests");
  CHECK(report.at("verdict") == "broken");
  std::uint64_t failed = 0;
  for (const auto& second : report.at("seconds").as_array())
    failed += second.at("failed").to_number<std::uint64_t>();
  CHECK(failed == 16);
  check_no_process_left();
}

TEST_CASE(
    "load: the exit code says whether bounds were kept, whether anything was answered, and that a call is "
    "wrong") {
  FaultyServer sound([](const FaultyRequest&) { return answer("x"); });
  FaultyServer missing(
      [](const FaultyRequest&) { return FaultyAnswer{.parts = {{http_answer("404 Not Found", "")}}}; });
  FaultyServer gone([](const FaultyRequest&) { return kDrop; }, FaultyServer::Begin::Refusing);
  const TempDir dir;
  struct Row {
    std::vector<std::string> words;
    int exit_code;
    std::string says;
  };
  const std::string none = "berth: nothing was answered as it should be: is the URL right?";
  const std::vector<Row> rows = {
      {{sound.url(), "-n", "50"}, 0, "50 requests in "},
      {{sound.url(), "-n", "50", "--max-failed", "0", "--max-p99", "20s", "--max-gap", "20s"},
       0,
       "--max-failed 0: 0, kept"},
      {{sound.url(), missing.url(), "-c", "2", "-n", "50", "--max-failed", "0"}, 1, "BROKEN"},
      {{sound.url(), missing.url(), "-c", "2", "-n", "50"}, 0, " FAILED"},
      {{missing.url(), "-n", "20"}, 1, none},
      {{gone.url(), "-n", "20"}, 1, "failures: 20 refused"},
      {{gone.url(), "-n", "20"}, 1, none},
      {{gone.url(), "-d", "50ms", "--mix", "events=1"}, 1, none},
      {{"http://unix:" + dir.path() + "/none", "-n", "2"}, 1, "failures: 2 refused"},
      {{"http://127.0.0.1:0/"}, 2, "berth: 'http://127.0.0.1:0/': its port is no number of a port"},
      {{sound.url(), "-n", "1", "--json", dir / "none/report"},
       2,
       "berth: cannot write " + dir.path() + "/none/report: No such file or directory"},
      {{sound.url(), "-n", "1", "--json", "/dev/full"},
       1,
       "berth: cannot write /dev/full: No space left on device"},
      {{sound.url(), "--swaps", "1", "--control", dir / "no.sock"}, 3, "berth"},
      {{"sh", "-c", "ulimit -n 80 && exec \"$0\" load \"$1\" -c 100", berth_binary(), sound.url()},
       2,
       "berth: 100 connections are more than this process may have (80 descriptors, see ulimit -Hn)"},
      {{"sh", "-c", "exec \"$0\" load \"$1\" -n 1 --json - > /dev/full", berth_binary(), sound.url()},
       1,
       "berth: cannot write the report: No space left on device"},
      {{"sh", "-c", "exec \"$0\" load \"$1\" -n 1 > /dev/full", berth_binary(), sound.url()},
       1,
       "berth: cannot write to standard output: No space left on device"},
      {{"--compare", dir / "a.json", dir / "b.json"}, 2, "berth: cannot read "},
  };
  for (const Row& row : rows) {
    const auto result = row.words.front() == "sh" ? run_command({.command = row.words}) : load(row.words);
    INFO(row.words.back(), ": ", result.all());
    CHECK(result.exit_code == row.exit_code);
    CHECK(result.all().find(row.says) != std::string::npos);
  }
}

TEST_CASE("load: Ctrl-C ends the run with the report so far") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); });
  ChildProcess run(load_options({server.url(), "-d", "10m", "--json", "-"}));
  REQUIRE(wait_until([&] { return server.requests() >= 50; }));
  run.signal(SIGINT);
  const auto end = run.wait_exit(10s);
  INFO(run.out(), run.err());
  CHECK(end == ExitStatus{false, 0});
  const auto report = report_in(run.out());
  CHECK(report.at("ended_by") == "interrupt");
  CHECK(report.at("requests") == server.requests());
  CHECK(report.at("answered") == server.requests());
  CHECK(run.err().find("ended by hand; the report so far") != std::string::npos);
  check_failures(report, {});
}

TEST_CASE("load: swaps of a running berth are asked for, and each is a window with its phases") {
  BerthProcess berth({.command = demo()});
  REQUIRE(berth.wait_serving());
  const auto url = "http://127.0.0.1:" + std::to_string(berth.port()) + "/";
  const auto result =
      berth.call("load", {url, "--swaps", "2", "--swap-every", "100ms", "-c", "4", "--json", "-",
                          "--max-failed", "0", "--mix", "post=10%@/echo,websocket=1@/ws"});
  INFO(result.all());
  CHECK(result.exit_code == 0);
  const auto report = report_in(result.out);
  check_failures(report, {});
  CHECK(report.at("ended_by") == "swaps");
  REQUIRE(report.at("swaps").as_array().size() == 2);
  for (const auto& swap : report.at("swaps").as_array()) {
    CHECK(swap.at("ok") == true);
    CHECK(swap.at("kind") == "swap");
    CHECK(swap.at("phases_ms").as_object().contains("ready"));
    CHECK(swap.at("phases_ms").as_object().contains("switch"));
    CHECK(swap.at("requests").to_number<int>() > 0);
    CHECK(number(swap.at("end_s")) > number(swap.at("begin_s")));
  }
  CHECK(report.at("keepalive_closed") == 0);
  // The second swap may have switched before the client is back: it is closed once or twice, and always so.
  const auto& closes = report.at("websockets").at("closes").as_object();
  CHECK(closes.size() == 1);
  CHECK(closes.contains("1012"));
  CHECK(number(report.at("steady_ms").at("count")) + number(report.at("around_swaps_ms").at("count")) ==
        number(report.at("answered")));
  check_clean_stop(berth);
}

TEST_CASE("load: a command that fails is a failed restart, and the run goes on") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); });
  const TempDir dir;
  const auto json_file = dir / "report.json";
  const auto result = load({server.url(), "-c", "2", "--each", "100ms", "-d", "3s", "--json", json_file, "--",
                            "sh", "-c", "echo on its way; echo it broke >&2; exit 3"});
  INFO(result.all());
  CHECK(result.exit_code == 0);
  const auto report = report_in(read_file(json_file));
  CHECK(report.at("ended_by") == "duration");
  CHECK(report.at("swaps").as_array().size() >= 2);
  for (const auto& swap : report.at("swaps").as_array()) {
    CHECK(swap.at("ok") == false);
    CHECK(swap.at("kind") == "command");
    CHECK(swap.at("message") == "exit code 3: it broke");
  }
  CHECK(result.out.find("FAILED: exit code 3: it broke") != std::string::npos);
  check_failures(report, {});
  const auto absent =
      load({server.url(), "--each", "10ms", "-d", "2s", "--json", "-", "--", "/no/such/command"});
  CHECK(
      report_in(absent.out).at("swaps").at(0).at("message").as_string().find("cannot run /no/such/command") ==
      0);
  check_no_process_left();
}

TEST_CASE("load: a request file over a unix socket, answers of every shape") {
  const TempDir dir;
  std::mutex mutex;  // of what the server's threads have seen
  std::map<std::string, int> seen;
  FaultyServer server(
      [&](const FaultyRequest& request) {
        const std::lock_guard lock(mutex);
        ++seen[request.method + " " + request.target + " " + request.body];
        if (request.method == "HEAD")
          return FaultyAnswer{.parts = {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"}}};
        if (request.target == "/204") return FaultyAnswer{.parts = {{"HTTP/1.1 204 No Content\r\n\r\n"}}};
        if (request.target == "/304") return FaultyAnswer{.parts = {{"HTTP/1.1 304 Not Modified\r\n\r\n"}}};
        if (request.target == "/close")
          return FaultyAnswer{.parts = {{http_answer("200 OK", "x", "Connection: close\r\n")}},
                              .close = true};
        CHECK(request.head.find("X-A: b\r\n") != std::string::npos);
        CHECK(request.head.find("Host: other.test\r\n") != std::string::npos);
        return answer("x");
      },
      FaultyServer::Begin::Listening, dir / "socket");
  write_file(dir / "requests",
             "# of every shape\nGET /a\nHEAD /a\nPOST /b some text\nGET /204\nGET /304\nGET /close\n");
  const auto result =
      load({"http://unix:" + dir.path() + "/socket", "-c", "1", "-n", "60", "--request-file",
            dir / "requests", "--header", "X-A: b", "--header", "Host: other.test", "--json", "-"});
  INFO(result.all());
  CHECK(result.exit_code == 0);
  const auto report = report_in(result.out);
  check_failures(report, {});
  CHECK(report.at("answered") == 60);
  CHECK(report.at("keepalive_closed") == 0);
  const std::map<std::string, int> wanted = {{"GET /a ", 10},   {"HEAD /a ", 10},  {"POST /b some text", 10},
                                             {"GET /204 ", 10}, {"GET /304 ", 10}, {"GET /close ", 10}};
  const std::lock_guard lock(mutex);
  CHECK(seen == wanted);
}

TEST_CASE("load: an open loop keeps its rate, and says when it was late itself") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); });
  const TempDir dir;
  ChildProcess run(load_options({server.url(), "-r", "200", "-n", "600", "--json", dir / "report.json"}));
  REQUIRE(wait_until([&] { return server.requests() >= 20; }));
  run.signal(SIGSTOP);
  // A stall of known length: the requests that were due in it are late, and not left out.
  const auto until = std::chrono::steady_clock::now() + 150ms;
  CHECK(wait_until([&] { return std::chrono::steady_clock::now() >= until; }));
  run.signal(SIGCONT);
  const auto end = run.wait_exit(20s);
  INFO(run.out(), run.err());
  CHECK(end == ExitStatus{false, 0});
  const auto report = report_in(read_file(dir / "report.json"));
  CHECK(report.at("mode") == "open");
  CHECK(report.at("requests") == 600);
  CHECK(report.at("answered") == 600);
  CHECK(report.at("unsent") == 0);
  CHECK(number(report.at("duration_s")) >= 2.95);
  CHECK(number(report.at("late").at("requests")) >= 20);
  CHECK(number(report.at("late").at("worst_ms")) >= 100);
  CHECK(number(report.at("latency_ms").at("max")) >= 100);
  CHECK(run.out().find("the generator was late for ") != std::string::npos);
}

TEST_CASE("load: a report goes to a page, and two of them stand side by side") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); });
  const TempDir dir;
  const auto page = dir / "page.html", a = dir / "a.json", b = dir / "b.json";
  CHECK(load({server.url(), "-n", "30", "--json", a, "--html", page}).exit_code == 0);
  CHECK(load({server.url(), "-n", "60", "--json", b}).exit_code == 0);
  const auto report = read_file(a);
  CHECK(read_file(page).find(report.substr(0, report.size() - 1)) != std::string::npos);
  const auto both = dir / "both.html";
  const auto compared = load({"--compare", a, b, "--html", both});
  INFO(compared.all());
  CHECK(compared.exit_code == 0);
  CHECK(
      compared.out.starts_with("                                 a.json           b.json    ratio\n"
                               "requests                             30               60     2.00\n"));
  CHECK(read_file(both).find("{\"compare\":[") != std::string::npos);
  write_file(b, "{}");
  const auto wrong = load({"--compare", a, b});
  CHECK(wrong.exit_code == 2);
  CHECK(wrong.err.find("it is no report of berth load") != std::string::npos);
}
