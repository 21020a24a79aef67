// The shell around a current backend that no longer answers its checks.
#include <doctest/doctest.h>

#include "proxy/swap/app_shell.h"
#include "tests/unit/swap/shell_stage.h"

namespace berth::swap {
namespace {

using Lines = std::vector<std::string>;
using observe::SwapCause;
using namespace std::chrono_literals;

AppConfig watched() {
  AppConfig app = Stage::usual();
  app.health = {.every = Milliseconds(1), .fall = 2, .rise = 2};
  return app;
}

/// Answers the next check of that generation.
bool answer(Stage& stage, std::uint32_t generation, bool good) {
  FakeState& made = stage.made(generation);
  if (!stage.wait_for([&] { return made.asked != nullptr; })) return false;
  std::exchange(made.asked, nullptr)({good, good ? "GET / 200" : "GET / gave no complete answer"});
  stage.poll();
  return true;
}

TEST_CASE("shell: one that hangs is replaced, its requests wait for the next one, and the report says why") {
  Stage stage({}, watched());
  stage.serve_first();
  CHECK(stage.status().health == "passes");
  REQUIRE(answer(stage, 1, false));
  CHECK(stage.status().state == "serving");
  REQUIRE(answer(stage, 1, false));
  CHECK(stage.plane.calls.back() == "pause: the server behind it does not answer its checks");
  control::AppStatus status = stage.status();
  CHECK(status.health == "generation 1 failed 2 checks in a row: GET / gave no complete answer");
  CHECK(status.generations.at(0).state == "unhealthy");
  CHECK(stage.made(2).spec.command == Lines{"serve", "v1"});
  stage.ready(2);
  CHECK(stage.plane.calls.at(2) == "switch 2 127.0.0.1:41502");
  CHECK(stage.plane.calls.back() == "resume");
  CHECK(stage.made(1).calls == Lines{"start", "stop"});
  stage.gone(1);
  const observe::SwapReport report = stage.shell->reports().at(0);
  CHECK(report.cause == SwapCause::Health);
  CHECK(report.from == Generation{1});
  CHECK(report.notes == Lines{"generation 1 failed 2 checks in a row: GET / gave no complete answer"});
  CHECK(stage.status().state == "serving");
}

TEST_CASE("shell: one whose replacement fails gets its requests again, and is judged again") {
  Stage stage({}, watched());
  stage.serve_first();
  for (int n = 0; n < 2; ++n) REQUIRE(answer(stage, 1, false));
  stage.fail(2);
  stage.gone(2);
  CHECK(stage.plane.calls.back() == "resume");
  CHECK(stage.status().state == "unhealthy");
  REQUIRE(answer(stage, 1, true));
  REQUIRE(answer(stage, 1, true));
  CHECK(stage.status().state == "serving");
  CHECK(stage.owner.logged.back() == "healthy again");
  for (int n = 0; n < 2; ++n) REQUIRE(answer(stage, 1, false));
  CHECK(stage.launcher.made.size() == 3);
}

TEST_CASE("shell: an attached server that hangs is left alone, and its requests wait until it answers") {
  AppConfig app = watched();
  app.command.clear();
  app.external = Endpoint::loopback_v4(9000);
  Stage stage({}, app);
  stage.serve_first();
  for (int n = 0; n < 2; ++n) REQUIRE(answer(stage, 1, false));
  CHECK(stage.plane.calls.back() == "pause: the server behind it does not answer its checks");
  CHECK(stage.status().state == "unhealthy");
  CHECK(stage.launcher.made.size() == 1);
  CHECK(stage.shell->reports().at(0).notes.size() == 1);
  for (int n = 0; n < 2; ++n) REQUIRE(answer(stage, 1, true));
  CHECK(stage.plane.calls.back() == "resume");
  CHECK(stage.shell->reports().at(0).notes.back() == "generation 1 is healthy again");
}

TEST_CASE("shell: one that hangs while the old one is warm is rolled back") {
  Patience patience;
  patience.keep_old = 60s;
  Stage stage(patience, watched());
  stage.serve_first();
  const auto handle = stage.shell->swap(to({"serve", "v2"}), {});
  stage.ready(2);
  for (int n = 0; n < 2; ++n) REQUIRE(answer(stage, 2, false));
  stage.poll();
  CHECK(stage.status().generations.at(0).generation == Generation{1});
  CHECK(stage.plane.calls.back() == "resume");
  CHECK(stage.launcher.made.size() == 2);
}

TEST_CASE("shell: a pause holds requests across a swap, and shows itself until the resume") {
  Stage stage;
  stage.serve_first();
  CHECK_FALSE(stage.shell->resume());
  stage.shell->pause({.message = "back at noon"});
  CHECK(stage.plane.calls.back() == "pause: back at noon");
  control::AppStatus status = stage.status();
  CHECK(status.pause.paused);
  CHECK(status.pause.message == "back at noon");
  CHECK(status.pause.left_ms == 0);
  const auto handle = stage.shell->swap(to({"serve", "v2"}), {});
  stage.ready(2);
  stage.gone(1);
  CHECK(stage.status().pause.paused);
  stage.shell->pause({});
  CHECK(stage.plane.calls.back() == "pause: it is paused");
  CHECK(stage.shell->resume());
  CHECK(stage.plane.calls.back() == "resume");
  CHECK_FALSE(stage.status().pause.paused);
}

TEST_CASE("shell: a pause with a longest time ends by itself, a later one has its own end") {
  Stage stage;
  stage.serve_first();
  stage.shell->pause({.max = Milliseconds(1)});
  CHECK(stage.status().pause.left_ms > 0);
  CHECK(stage.wait_for([&] { return stage.plane.calls.back() == "resume"; }));
  stage.shell->pause({.max = Milliseconds(1)});
  stage.shell->pause({.max = Milliseconds(3'600'000)});
  CHECK(stage.status().pause.left_ms > 3'000'000);
}

}  // namespace
}  // namespace berth::swap
