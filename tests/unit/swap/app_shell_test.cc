#include "proxy/swap/app_shell.h"

#include <doctest/doctest.h>

#include "tests/unit/swap/shell_stage.h"

namespace berth::swap {
namespace {

using Lines = std::vector<std::string>;
using Result = control::SwapResult::Kind;
using observe::SwapCause;
using observe::SwapOutcome;

TEST_CASE("shell: the first start launches the configured command and leaves a report") {
  Stage stage;
  stage.shell->start();
  const backend::LaunchSpec& spec = stage.made(1).spec;
  CHECK(spec.app == "web");
  CHECK(spec.generation == Generation{1});
  CHECK(spec.command == Lines{"serve", "v1"});
  CHECK(spec.dir == "/srv");
  CHECK(spec.env.at("MODE") == "dev");
  CHECK(spec.control_path == "/run/berth.sock");
  stage.ready(1);
  CHECK(stage.plane.calls == Lines{"switch 1 127.0.0.1:41501"});
  CHECK(stage.owner.told == Lines{"first ready"});
  const auto reports = stage.shell->reports();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].cause == SwapCause::FirstStart);
  CHECK(reports[0].outcome == SwapOutcome::Done);
  CHECK(reports[0].from == Generation{0});
  CHECK(reports[0].to == Generation{1});
  CHECK_FALSE(reports[0].retiring);
  CHECK(reports[0].phases.size() == 3);
}

TEST_CASE("shell: a swap is told phase by phase and ends with the release of the old one") {
  Stage stage;
  stage.serve_first();
  stage.plane.outcomes[{1}].of(observe::Carried::Request) = {.finished = 12, .cut = 0};
  stage.plane.sums.failed = 5;
  Seen seen;
  const auto handle =
      stage.shell->swap({.command = {"serve", "v2"}, .dir = "/other", .env = {{"A", "b"}}}, seen.watch());
  stage.poll();
  CHECK(stage.made(2).spec.dir == "/other");
  CHECK(stage.made(2).spec.env.at("A") == "b");
  CHECK(stage.made(2).spec.env.at("MODE") == "dev");
  stage.plane.sums.held_total = 4;
  stage.ready(2);
  CHECK(seen.results.empty());
  stage.gone(1);
  CHECK(seen.lines == Lines{"2 start ...", "2 start done: pid 4002 on 41502 (lease)", "2 ready ...",
                            "2 ready done: GET / 200", "2 switch ...", "2 switch done: 2 workers", "switched",
                            "1 drain ...", "1 drain done: 12 requests finished", "1 stop ...",
                            "1 stop done: exit 0 after TERM", "1 release ...",
                            "1 release done: 41501 strictly free"});
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  const observe::SwapReport& report = *seen.results[0].report;
  CHECK(report.cause == SwapCause::Swap);
  CHECK(report.requests_failed == 0);
  CHECK(report.requests_held == 4);
  CHECK(report.reason.empty());
  CHECK(stage.made(1).calls == Lines{"start", "stop", "release", "destroyed"});
}

TEST_CASE("shell: while the old one retires the report says so") {
  Stage stage;
  stage.serve_first();
  stage.plane.drains = FakePlane::Pace::Slow;
  stage.shell->swap(to({"v2"}), {});
  stage.ready(2);
  const auto reports = stage.shell->reports();
  CHECK(reports[0].outcome == SwapOutcome::Done);
  CHECK(reports[0].retiring);
  const auto status = stage.status();
  REQUIRE(status.generations.size() == 2);
  CHECK(status.generations[0].state == "serving");
  CHECK(status.generations[0].generation == Generation{2});
  CHECK(status.generations[1].state == "draining");
  CHECK(status.generations[1].holders == 3);
}

TEST_CASE("shell: the old one is not stopped before every worker has acknowledged and it is empty") {
  Stage stage;
  stage.serve_first();
  stage.plane.acknowledgements = FakePlane::Pace::Slow;
  stage.shell->swap(to({"v2"}), {});
  stage.ready(2);
  CHECK(stage.plane.calls.back() == "switch 2 127.0.0.1:41502");
  CHECK(stage.made(1).calls == Lines{"start"});
  stage.plane.drains = FakePlane::Pace::Slow;
  stage.plane.answer();
  stage.poll();
  CHECK(stage.plane.calls.back() == "drain 1");
  CHECK(stage.made(1).calls == Lines{"start"});
}

TEST_CASE("shell: a restart is the same command with its directory and environment") {
  Stage stage;
  stage.serve_first();
  stage.shell->swap({.command = {"v2"}, .dir = "/two", .env = {{"A", "b"}}}, {});
  stage.ready(2);
  control::SwapRequest restart = again();
  restart.env = {{"C", "d"}};
  stage.shell->swap(restart, {});
  stage.poll();
  const backend::LaunchSpec& spec = stage.made(3).spec;
  CHECK(spec.command == Lines{"v2"});
  CHECK(spec.dir == "/two");
  CHECK(spec.env.at("A") == "b");
  CHECK(spec.env.at("C") == "d");
  CHECK(stage.shell->reports()[0].cause == SwapCause::Restart);
}

TEST_CASE("shell: a restart queued behind a swap runs again what that swap brought") {
  Stage stage;
  stage.serve_first();
  stage.shell->swap({.command = {"v2"}, .dir = "/two", .env = {{"A", "b"}}}, {});
  control::SwapRequest restart = again();
  restart.env = {{"C", "d"}};
  stage.shell->swap(restart, {});
  stage.ready(2);
  const backend::LaunchSpec& spec = stage.made(3).spec;
  CHECK(spec.command == Lines{"v2"});
  CHECK(spec.dir == "/two");
  CHECK(spec.env.at("A") == "b");
  CHECK(spec.env.at("C") == "d");
}

TEST_CASE("shell: a restart queued behind a swap that fails runs again what serves") {
  Stage stage;
  stage.serve_first();
  stage.shell->swap({.command = {"v2"}, .dir = "/two", .env = {{"A", "b"}}}, {});
  stage.shell->swap(again(), {});
  stage.fail(2);
  stage.poll();
  stage.gone(2);
  const backend::LaunchSpec& spec = stage.made(3).spec;
  CHECK(spec.command == Lines{"serve", "v1"});
  CHECK(spec.dir == "/srv");
  CHECK_FALSE(spec.env.contains("A"));
}

TEST_CASE("shell: the queue of one tells who waits, who lost his place and who is refused") {
  Stage stage;
  stage.serve_first();
  stage.shell->swap(to({"v2"}), {});
  Seen first;
  Seen second;
  Seen third;
  const auto h1 = stage.shell->swap(to({"v3"}), first.watch());
  CHECK(first.lines == Lines{"queued: takes the place of the swap to generation 2, which was not ready"});
  CHECK(stage.status().swap_queued);
  const auto h2 = stage.shell->swap(to({"v4"}), second.watch());
  REQUIRE(first.results.size() == 1);
  CHECK(first.results[0].kind == Result::Superseded);
  control::SwapRequest at_once = to({"v5"});
  at_once.queue = false;
  const auto h3 = stage.shell->swap(at_once, third.watch());
  REQUIRE(third.results.size() == 1);
  CHECK(third.results[0].kind == Result::Refused);
  stage.gone(2);
  CHECK(stage.made(3).spec.command == Lines{"v4"});
  CHECK(second.results.empty());
}

TEST_CASE("shell: dropping the watch stops its callbacks and not the swap") {
  Stage stage;
  stage.serve_first();
  Seen seen;
  auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  handle.reset();
  const std::size_t before = seen.lines.size();
  stage.ready(2);
  stage.gone(1);
  CHECK(seen.lines.size() == before);
  CHECK(seen.results.empty());
  CHECK(stage.status().generations.size() == 1);
}

TEST_CASE("shell: lines are numbered over generations, told to the owner and to followers") {
  Stage stage;
  stage.serve_first();
  std::vector<std::uint64_t> followed;
  const auto handle =
      stage.shell->follow_log([&](const control::LogLine& line) { followed.push_back(line.number); });
  stage.says(1).on_line({1}, true, "hello");
  stage.says(1).on_line({1}, false, "world");
  CHECK(followed == std::vector<std::uint64_t>{2, 3});
  CHECK(stage.shell->log_lines(2, 10).at(0).text == "world");
  CHECK(stage.owner.told.back() == "line world");
}

TEST_CASE("shell: what a starting one answers is shown in its phase, and said once in the log") {
  Stage stage;
  stage.shell->start();
  stage.ready(1);
  Seen seen;
  const auto handle = stage.shell->swap(to({"serve", "v2"}), seen.watch());
  stage.started(2);
  for (unsigned times = 1; times <= 5; ++times) stage.says(2).on_unready({2}, "GET / gave 500 Oh", times);
  CHECK(seen.lines.back() == "2 ready ...: GET / gave 500 Oh, asked 5 times");
  const std::string told = "not ready: GET / gave 500 Oh, asked 3 times";
  CHECK(std::count(stage.owner.logged.begin(), stage.owner.logged.end(), told) == 1);
  CHECK(std::count_if(stage.owner.logged.begin(), stage.owner.logged.end(),
                      [](const std::string& text) { return text.starts_with("not ready"); }) == 1);
}

TEST_CASE("shell: one that has moved is switched to at its new place, but only while it serves") {
  Stage stage;
  stage.shell->start();
  stage.ready(1);
  const backend::Ready late{.endpoint = Endpoint::loopback_v4(4242), .check = "GET / 200"};
  stage.says(1).on_moved({1}, late);
  CHECK(stage.plane.calls.back() == "switch 1 127.0.0.1:4242");
  const auto handle = stage.shell->swap(to({"serve", "v2"}), {});
  stage.ready(2);
  const auto calls = stage.plane.calls.size();
  stage.says(1).on_moved({1}, late);
  CHECK(stage.plane.calls.size() == calls);
}

TEST_CASE("shell: the status names state, command, directory, addresses and generations") {
  Stage stage;
  CHECK(stage.status().state == "starting");
  stage.shell->start();
  CHECK(stage.status().generations.at(0).state == "starting");
  stage.ready(1);
  auto status = stage.status();
  CHECK(status.name == "web");
  CHECK(status.state == "serving");
  CHECK(status.command == Lines{"serve", "v1"});
  CHECK(status.dir == "/srv");
  CHECK(status.addresses == Lines{"127.0.0.1:8000"});
  CHECK(status.generations.at(0).pid == 4001);
  CHECK(status.generations.at(0).endpoint.port == 41501);
  stage.shell->swap(to({"v2"}), {});
  status = stage.status();
  CHECK(status.state == "swapping");
  CHECK(status.generations.at(1).state == "starting");
}

TEST_CASE("shell: shutdown refuses requests, retires everything and then says so") {
  Stage stage;
  stage.serve_first();
  std::vector<control::SwapResult> results;
  stage.shell->shutdown([&](control::SwapResult result) { results.push_back(std::move(result)); });
  stage.poll();
  CHECK(stage.plane.calls.at(1) == "refuse: berth is stopping");
  CHECK(stage.plane.calls.at(2) == "drain 1");
  CHECK(stage.status().state == "stopping");
  Seen seen;
  const auto handle = stage.shell->swap(to({"v2"}), seen.watch());
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Refused);
  stage.gone(1);
  REQUIRE(results.size() == 1);
  CHECK(results[0].kind == Result::Done);
  REQUIRE(results[0].report.has_value());
  CHECK(results[0].report->cause == SwapCause::Shutdown);
  CHECK(results[0].report->phases.size() == 3);
  CHECK(stage.owner.told.back() == "stopped");
  stage.shell->shutdown([&](control::SwapResult result) { results.push_back(std::move(result)); });
  stage.poll();
  CHECK(results.size() == 2);
}

TEST_CASE("shell: a second signal cuts and kills") {
  Stage stage;
  stage.serve_first();
  stage.plane.drains = FakePlane::Pace::Slow;
  stage.shell->shutdown({});
  stage.poll();
  stage.shell->hurry();
  stage.poll();
  CHECK(stage.made(1).calls == Lines{"start", "stop", "hurry"});
  stage.gone(1);
  CHECK(stage.owner.told.back() == "stopped");
}

}  // namespace
}  // namespace berth::swap
