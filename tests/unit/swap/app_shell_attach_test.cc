// The shell with servers that it did not start, and in the stop-start order.
#include <doctest/doctest.h>

#include "proxy/swap/app_shell.h"
#include "tests/unit/swap/shell_stage.h"

namespace berth::swap {
namespace {

using Lines = std::vector<std::string>;
using Result = control::SwapResult::Kind;
using control::SwapVerbKind;
using observe::SwapCause;
using observe::SwapOutcome;

constexpr std::uint16_t kPort = 9000;

control::SwapRequest attach(Milliseconds released_within = Milliseconds{0}) {
  control::SwapRequest request;
  request.verb = SwapVerbKind::Attach;
  request.to = Endpoint::loopback_v4(kPort);
  request.released_within = released_within;
  return request;
}

control::SwapRequest detach() {
  control::SwapRequest request;
  request.verb = SwapVerbKind::Detach;
  return request;
}

AppConfig configured(Lines command) {
  AppConfig app;
  app.name = "web";
  app.command = std::move(command);
  app.dir = "/srv";
  return app;
}

/// Generation `g`, as an attached server tells of itself.
void attached(Stage& stage, std::uint32_t g) {
  const Endpoint at = Endpoint::loopback_v4(kPort);
  stage.says(g).on_started({g}, {.pid = 0, .told = at, .mode = "external"});
  stage.says(g).on_ready({g}, {.endpoint = at, .check = "GET / 200"});
  stage.poll();
}

/// An app that serves an attached server as generation 1.
AppConfig external() {
  AppConfig app = configured({});
  app.external = Endpoint::loopback_v4(kPort);
  return app;
}

AppConfig in_stop_start() {
  AppConfig app = configured({"serve", "v1"});
  app.swap = SwapOrder::StopStart;
  return app;
}

/// v1 serves as generation 1, and has been asked to end for v2.
struct StopStartSwap : Stage {
  StopStartSwap() : Stage({}, in_stop_start()) {
    serve_first();
    handle = shell->swap(to({"serve", "v2"}), seen.watch());
    poll();
  }
  Seen seen;
  std::shared_ptr<void> handle;
};

TEST_CASE("shell: a server within the tree that an attach would end is refused, and nothing is ended") {
  Stage stage;
  stage.serve_first();
  stage.made(1).listens = {Endpoint::loopback_v4(kPort)};
  for (const auto verb : {SwapVerbKind::Attach, SwapVerbKind::Swap}) {
    Seen seen;
    control::SwapRequest request = attach();
    request.verb = verb;
    const auto handle = stage.shell->swap(request, seen.watch());
    stage.poll();
    REQUIRE(seen.results.size() == 1);
    CHECK(seen.results[0].kind == Result::Refused);
    CHECK(seen.results[0].reason.starts_with("127.0.0.1:9000 belongs to generation 1 of web itself"));
    CHECK(seen.results[0].reason.find("attach the server to another app") != std::string::npos);
  }
  CHECK(stage.launcher.made.size() == 1);
  CHECK(stage.made(1).calls == Lines{"start"});
}

TEST_CASE("shell: an attached server is switched to, told without a pid, and the command goes") {
  Stage stage;
  Seen seen;
  stage.serve_first();
  const auto handle = stage.shell->swap(attach(), seen.watch());
  CHECK(stage.made(2).external == Endpoint::loopback_v4(kPort));
  attached(stage, 2);
  CHECK(stage.plane.calls.at(1) == "switch 2 127.0.0.1:9000");
  stage.gone(1);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  CHECK(seen.results[0].report->cause == SwapCause::Attach);
  CHECK(seen.results[0].report->external == "127.0.0.1:9000");
  CHECK(seen.lines.at(1) == "2 start done: 127.0.0.1:9000 (external)");
  const control::AppStatus status = stage.status();
  CHECK(status.external == "127.0.0.1:9000");
  CHECK(status.command.empty());
  CHECK(status.generations.at(0).pid == 0);
}

TEST_CASE("shell: an attached server that leaves is left running, and its port is not asked for") {
  Stage stage({}, external());
  Seen seen;
  stage.shell->start();
  attached(stage, 1);
  const auto handle = stage.shell->swap(to({"serve", "v2"}), seen.watch());
  stage.ready(2);
  stage.stopped(1);
  CHECK(stage.made(1).calls.back() == "release within 0");
  stage.released(1, backend::ReleaseCertificate::Verdict::NoPort);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  const auto told = [&](const std::string& line) {
    return std::find(seen.lines.begin(), seen.lines.end(), line) != seen.lines.end();
  };
  CHECK(told("1 stop done: left running"));
  CHECK(told("1 release done: its port is not berth's to wait for"));
}

TEST_CASE("shell: an attached server that takes no connections is not said to serve") {
  Stage stage({}, external());
  stage.shell->start();
  stage.poll();
  attached(stage, 1);
  CHECK(stage.status().state == "serving");
  stage.launcher.made[0]->reachable = false;
  CHECK(stage.status().state == "unreachable");
  stage.launcher.made[0]->reachable = true;
  CHECK(stage.status().state == "serving");
}

TEST_CASE("shell: a paused app is said to be paused, until it is resumed") {
  Stage stage({}, configured({"serve", "v1"}));
  stage.serve_first();
  stage.shell->pause({.message = "back at noon"});
  CHECK(stage.status().state == "paused");
  CHECK(stage.status().generations[0].state == "serving");
  CHECK(stage.shell->resume());
  CHECK(stage.status().state == "serving");
}

TEST_CASE("shell: what a swap says of the old one's port is what it is given") {
  Stage stage({}, external());
  Seen seen;
  stage.shell->start();
  attached(stage, 1);
  const auto handle = stage.shell->swap(attach(Milliseconds{20'000}), seen.watch());
  attached(stage, 2);
  stage.stopped(1);
  CHECK(stage.made(1).calls.back() == "release within 20000");
  stage.released(1, backend::ReleaseCertificate::Verdict::Held);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Unreleased);
}

TEST_CASE("shell: a restart of what berth did not start is refused with what to do") {
  Stage stage({}, external());
  Seen seen;
  stage.shell->start();
  attached(stage, 1);
  const auto handle = stage.shell->swap(again(), seen.watch());
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Refused);
  CHECK(seen.results[0].reason.find("berth swap --to") != std::string::npos);
  CHECK(stage.launcher.made.size() == 1);
}

TEST_CASE("shell: a detach brings the configured command back") {
  Stage stage;
  Seen attaching, detaching;
  stage.serve_first();
  const auto one = stage.shell->swap(attach(), attaching.watch());
  attached(stage, 2);
  stage.gone(1);
  const auto two = stage.shell->swap(detach(), detaching.watch());
  CHECK(stage.made(3).spec.command == Lines{"serve", "v1"});
  CHECK(stage.made(3).spec.dir == "/srv");
  stage.ready(3);
  stage.stopped(2);
  stage.released(2, backend::ReleaseCertificate::Verdict::NoPort);
  REQUIRE(detaching.results.size() == 1);
  CHECK(detaching.results[0].kind == Result::Done);
  CHECK(detaching.results[0].report->cause == SwapCause::Detach);
}

TEST_CASE("shell: a detach without a command holds requests and leaves a report of what went") {
  Stage stage({}, external());
  Seen seen;
  stage.shell->start();
  attached(stage, 1);
  const auto handle = stage.shell->swap(detach(), seen.watch());
  stage.poll();
  CHECK(stage.plane.calls == Lines{"switch 1 127.0.0.1:9000", "hold", "drain 1"});
  stage.stopped(1);
  stage.released(1, backend::ReleaseCertificate::Verdict::NoPort);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Done);
  CHECK(seen.results[0].report->from == Generation{1});
  CHECK(seen.results[0].report->to == Generation{});
  CHECK(stage.status().state == "vacant");
}

TEST_CASE("shell: a detach of one server only is refused where another is attached or a swap runs") {
  Stage stage({}, external());
  stage.shell->start();
  attached(stage, 1);
  const auto refused = [&stage](std::uint16_t port) {
    Seen seen;
    auto request = detach();
    request.only = Endpoint::loopback_v4(port);
    const auto handle = stage.shell->swap(request, seen.watch());
    stage.poll();
    return seen.results.size() == 1 && seen.results[0].kind == Result::Refused;
  };
  CHECK(refused(kPort + 1));
  Seen swapping;
  const auto handle = stage.shell->swap(to({"serve", "v2"}), swapping.watch());
  CHECK(refused(kPort));
  CHECK(stage.status().state == "swapping");
  CHECK(stage.shell->cancel());
  stage.gone(2);
  CHECK(stage.plane.calls == Lines{"switch 1 127.0.0.1:9000"});
  CHECK_FALSE(refused(kPort));
  CHECK(stage.status().state == "vacant");
}

TEST_CASE("shell: a detach is refused where nothing is attached, a restart where nothing ever was") {
  AppConfig later = configured({});
  later.attached_later = true;
  Stage stage({}, later);
  stage.shell->start();
  CHECK(stage.status().state == "vacant");
  for (const control::SwapRequest& request : {detach(), again()}) {
    Seen seen;
    const auto handle = stage.shell->swap(request, seen.watch());
    REQUIRE(seen.results.size() == 1);
    CHECK(seen.results[0].kind == Result::Refused);
  }
  CHECK(stage.launcher.made.empty());
}

TEST_CASE("shell: in the stop-start order one report has the old one's end, the failure and the return") {
  StopStartSwap stage;
  const Seen& seen = stage.seen;
  CHECK(stage.launcher.made.size() == 1);
  CHECK(stage.status().state == "swapping");
  stage.gone(1);
  REQUIRE(stage.launcher.made.size() == 2);
  stage.fail(2);
  stage.gone(2);
  CHECK(seen.results.empty());
  REQUIRE(stage.launcher.made.size() == 3);
  CHECK(stage.made(3).spec.command == Lines{"serve", "v1"});
  stage.ready(3);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Failed);
  const observe::SwapReport& report = *seen.results[0].report;
  CHECK(report.reason == "it ended: exit 1");
  CHECK(report.last_lines == Lines{"ImportError"});
  CHECK(report.order == SwapOrder::StopStart);
  CHECK(report.from == Generation{1});
  CHECK(report.to == Generation{2});
  CHECK(report.back == Generation{3});
  CHECK(report.phases.size() == 10);
  CHECK(stage.shell->reports().front().id == report.id);
}

TEST_CASE(
    "shell: in the stop-start order an old one that is not provably gone is told with the new one serving") {
  StopStartSwap stage;
  const Seen& seen = stage.seen;
  stage.stopped(1);
  stage.released(1, backend::ReleaseCertificate::Verdict::Held);
  stage.ready(2);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].kind == Result::Unreleased);
  CHECK(seen.results[0].reason.find("41501 still held") != std::string::npos);
  CHECK(seen.results[0].report->notes.empty());
}

TEST_CASE("shell: a return that fails is noted where the swap that failed is told") {
  StopStartSwap stage;
  const Seen& seen = stage.seen;
  stage.gone(1);
  for (const std::uint32_t g : {2U, 3U}) {
    stage.fail(g);
    stage.gone(g);
  }
  REQUIRE(seen.results.size() == 1);
  const observe::SwapReport& report = *seen.results[0].report;
  CHECK(report.back == Generation{});
  CHECK(report.reason == "it ended: exit 1");
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].find("was started again and failed") != std::string::npos);
}

TEST_CASE("shell: a cancel before the new one starts says so, and the old command comes back") {
  StopStartSwap stage;
  const Seen& seen = stage.seen;
  CHECK(stage.shell->cancel());
  stage.gone(1);
  REQUIRE(stage.launcher.made.size() == 2);
  CHECK(stage.made(2).spec.command == Lines{"serve", "v1"});
  stage.says(2).on_started({3}, {.pid = 4003, .told = Endpoint::loopback_v4(1), .mode = "lease"});
  stage.says(2).on_ready({3}, {.endpoint = Endpoint::loopback_v4(1), .check = "GET / 200"});
  stage.poll();
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].report->outcome == SwapOutcome::Cancelled);
  CHECK(seen.results[0].report->back == Generation{3});
}

}  // namespace
}  // namespace berth::swap
