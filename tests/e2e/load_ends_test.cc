// How `berth load` ends: bounds, a second Ctrl-C, what is refused before it begins, and reports of what
// nobody would expect in a report.
#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>

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
  const auto value = json::parse(text, error);  // refuses what is no UTF-8
  INFO(text);
  REQUIRE_FALSE(error);
  return value.as_object();
}

FaultyAnswer raw(const std::string& bytes) { return {.parts = {{bytes}}}; }

}  // namespace

TEST_CASE("load: a second Ctrl-C ends the wait for what a hung server owes, with the report so far") {
  FaultyServer silent([](const FaultyRequest&) { return FaultyAnswer{}; });
  ChildProcess run(load_options({silent.url(), "-c", "3", "--timeout", "10m", "--json", "-"}));
  REQUIRE(wait_until([&] { return silent.requests() >= 3; }));
  run.signal(SIGINT);
  // The first one waits, and says so.
  REQUIRE(wait_until([&] { return run.err().find("Ctrl-C ends that at once") != std::string::npos; }, 10s));
  CHECK(run.err().find("up to 10m (--timeout)") != std::string::npos);
  run.signal(SIGINT);
  const auto end = run.wait_exit(10s);
  INFO(run.out(), run.err());
  CHECK(end == ExitStatus{false, 1});  // nothing was answered
  const auto report = report_in(run.out());
  CHECK(report.at("ended_by") == "interrupt");
  CHECK(report.at("requests") == 3);
  CHECK(report.at("given_up") == 3);
}

TEST_CASE("load: a second Ctrl-C ends a command that takes no TERM") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); });
  const TempDir dir;
  ChildProcess run(
      load_options({server.url(), "-c", "1", "--each", "10ms", "--json", "-", "--", "sh", "-c",
                    "trap '' TERM INT; touch " + dir.path() + "/runs; while :; do sleep 0.01; done"}));
  REQUIRE(wait_until([&] { return access((dir / "runs").c_str(), F_OK) == 0 && server.requests() >= 20; }));
  run.signal(SIGINT);
  run.signal(SIGTERM);  // any two of them
  const auto end = run.wait_exit(10s);
  INFO(run.out(), run.err());
  CHECK(end == ExitStatus{false, 0});
  CHECK(report_in(run.out()).at("swaps").at(0).at("message") == "ended by signal Killed");
  check_no_process_left();
}

TEST_CASE("load: a bound is broken by what was not answered and by what was not sent") {
  FaultyServer half(
      [](const FaultyRequest& request) { return request.number % 2 == 0 ? FaultyAnswer{} : answer("x"); });
  const auto timed_out = load({half.url(), "-c", "2", "-n", "8", "--timeout", "50ms", "--max-p99", "10s"});
  INFO(timed_out.all());
  CHECK(timed_out.exit_code == 1);
  CHECK(timed_out.out.find("--max-p99 10.0 s: over 1 % were not answered, BROKEN") != std::string::npos);

  FaultyServer slow([](const FaultyRequest&) {
    return FaultyAnswer{.parts = {{http_answer("200 OK", "x"), 200ms}}};
  });
  const auto missed = load({slow.url(), "-c", "1", "-r", "100", "-d", "1s", "--max-gap", "20s"});
  INFO(missed.all());
  CHECK(missed.exit_code == 1);
  CHECK(missed.out.find("the rate was NOT REACHED: ") != std::string::npos);
  CHECK(missed.out.find("the bounds count as BROKEN: the rate was not reached") != std::string::npos);
  CHECK(missed.out.find(", kept") == std::string::npos);
}

TEST_CASE("load: a report is valid JSON, whatever servers, commands and callers write") {
  const std::string odd = "\xff\xc0\xaf \x1b[31m \xed\xa0\x80 \x01 \xe2\x80\xae\xc2\x9b";
  FaultyServer server([&](const FaultyRequest& request) {
    return request.number == 1 ? answer("x") : raw(http_answer("503 " + odd, "", "Server: " + odd + "\r\n"));
  });
  const TempDir dir;
  const auto file = dir / "report.json";
  const auto result = load({server.url("/?\xff"), "-c", "1", "-d", "500ms", "--header", "X-A: \xff", "--each",
                            "10ms", "--json", file, "--html", dir / "page.html", "--", "sh", "-c",
                            "printf '\\377\\001\\355\\240\\200'; exit 1"});
  INFO(result.all());
  CHECK(result.exit_code == 0);
  const auto report = report_in(read_file(file));
  CHECK(report.at("failure_samples").at(0).as_string().find("\xef\xbf\xbd") != std::string::npos);
  CHECK(report.at("swaps").at(0).at("message").as_string().find("\xef\xbf\xbd") != std::string::npos);
  CHECK(report.at("targets").at(0).as_string().find("\xef\xbf\xbd") != std::string::npos);
  CHECK(report.at("failure_samples").at(0).as_string().find("\xe2\x80\xae") != std::string::npos);
  CHECK(load({"--compare", file, file, "--html", dir / "both.html"}).exit_code == 0);
  // Nor does any of it change what a terminal or a browser shows.
  for (const char* name : {"report.json", "page.html", "both.html"}) {
    const std::string text = read_file(dir / name);
    CHECK(text.find("503 ") != std::string::npos);
    for (const char* bad : {"\xe2\x80\xae", "\xc2\x9b", "\x1b"}) CHECK(text.find(bad) == std::string::npos);
    if (std::string(name) != "report.json") CHECK(text.find("\\u202e") == std::string::npos);
  }
  // A file that an editor has marked is the same report.
  write_file(file, "\xef\xbb\xbf" + read_file(file));
  CHECK(load({"--compare", file, file}).exit_code == 0);
  CHECK(load({"--compare", dir.path(), file}).err ==
        "berth: cannot read " + dir.path() + ": Is a directory\n");
}

TEST_CASE("load: what cannot be asked is refused in one sentence, and what is clear is understood") {
  FaultyServer server([](const FaultyRequest& request) {
    CHECK(request.head.find("\r\nHost: ") != std::string::npos);
    return answer("x");
  });
  const auto port = ":" + std::to_string(server.port()) + "/";
  for (const std::string& url :
       {"HTTP://127.0.0.1" + port, "http://a.b.localhost" + port, "localhost" + port,
        "http://[::ffff:127.0.0.1]" + port, "http://127.0.0.1" + port + "\xc3\xa9"}) {
    const auto result = load({url, "-n", "2", "--max-failed", "0"});
    INFO(result.all());
    CHECK(result.exit_code == 0);
  }
  const TempDir dir;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"ftp://127.0.0.1" + port},
                                             {"http://user:pass@127.0.0.1" + port},
                                             {server.url(), "--header", "Content-Length: 3"},
                                             {server.url(), "--header", "Host: a", "--header", "Host: b"},
                                             {server.url(), "--request-file", dir.path()},
                                             {server.url(), "--json", dir.path()}}) {
    auto options = words;
    options.insert(options.end(), {"-n", "1", "--html", dir / "page.html"});
    if (options[1] != "--json") options.insert(options.end(), {"--json", dir / "report.json"});
    const auto result = load(options);
    INFO(result.all());
    CHECK(result.exit_code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.starts_with("berth: "));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  }
  CHECK(server.requests() == 10);
  CHECK(std::filesystem::is_empty(dir.path()));  // a run that never began has no report
}

TEST_CASE("port: a mapped address answers for the IPv4 address, and JSON for any word is valid") {
  FaultyServer server([](const FaultyRequest&) { return answer("x"); });
  const auto port = std::to_string(server.port());
  const auto mapped =
      run_command({.command = {berth_binary(), "port", "[::ffff:127.0.0.1]:" + port, "--json"}});
  CHECK(mapped.exit_code == 1);
  const auto found = report_in(mapped.out).at("addresses").at(0).as_object();
  CHECK(std::string(found.at("address").as_string()) == "127.0.0.1:" + port);
  CHECK(found.at("state") == "listened");
  CHECK(run_command({.command = {berth_binary(), "port", "x.localhost:" + port}}).exit_code == 1);
  const auto odd = run_command({.command = {berth_binary(), "port", "\xff\x01:80", "--json"}});
  CHECK(odd.exit_code == 2);
  report_in(odd.out);
  const auto full =
      run_command({.command = {"sh", "-c", "exec \"$0\" port 127.0.0.1:1 > /dev/full", berth_binary()}});
  CHECK(full.exit_code == 1);
  CHECK(full.err == "berth: cannot write to standard output: No space left on device\n");
}
