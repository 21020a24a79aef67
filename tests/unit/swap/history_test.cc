// The commands that have served, and the way back to each of them.
#include "proxy/swap/history.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "proxy/swap/app_shell.h"
#include "tests/unit/swap/shell_stage.h"

namespace berth::swap {
namespace {

using Lines = std::vector<std::string>;
using Result = control::SwapResult::Kind;
using observe::ServedOutcome;
using namespace std::chrono_literals;

ServedAs command(const std::string& word) { return {.command = {word}, .dir = "/srv"}; }

/// "3 v1 4-5 crashed", newest first.
Lines told(const std::vector<observe::ServedCommand>& rows) {
  static constexpr const char* kOutcomes[] = {"serving", "replaced", "crashed", "unhealthy", "detached"};
  Lines lines;
  for (const observe::ServedCommand& row : rows)
    lines.push_back(std::to_string(row.number) + " " +
                    (row.command.empty() ? row.external : row.command.back()) + " " +
                    std::to_string(row.first.number) + "-" + std::to_string(row.last.number) + " " +
                    kOutcomes[static_cast<int>(row.outcome)]);
  return lines;
}

control::SwapRequest back(std::uint64_t number = 0) {
  control::SwapRequest request;
  request.verb = control::SwapVerbKind::Rollback;
  request.back_to = number;
  return request;
}

/// `swap -- serve VERSION` until it serves and the one before is gone.
void swap_to(Stage& stage, const std::string& version, std::uint32_t generation) {
  stage.shell->swap(to({"serve", version}), {});
  stage.poll();
  stage.ready(generation);
  stage.gone(generation - 1);
}

TEST_CASE("history: a command has one row, however often it was started again") {
  History history;
  history.served(command("v1"), {1}, 10);
  history.ended({1}, ServedOutcome::Crashed, "ended by itself: exit 1", 20);
  CHECK(told(history.rows()) == Lines{"1 v1 1-1 crashed"});
  history.served(command("v1"), {2}, 30);
  CHECK(told(history.rows()) == Lines{"1 v1 1-2 serving"});
  CHECK(history.rows()[0].since_unix_ms == 10);
  CHECK(history.rows()[0].until_unix_ms == 0);
  history.served(command("v2"), {3}, 40);
  CHECK(told(history.rows()) == Lines{"2 v2 3-3 serving", "1 v1 1-2 replaced"});
  CHECK(history.rows()[1].until_unix_ms == 40);
  CHECK(history.rows()[1].detail == "ended by itself: exit 1");
  history.ended({2}, ServedOutcome::Crashed, "", 50);
  CHECK(told(history.rows())[0] == "2 v2 3-3 serving");
}

TEST_CASE("history: the directory and the variables make another command, whose values are not told") {
  History history;
  history.served({.command = {"serve"}, .dir = "/one", .env = {{"KEY", "secret"}}}, {1}, 10);
  history.served({.command = {"serve"}, .dir = "/two", .env = {{"KEY", "secret"}}}, {2}, 20);
  history.served({.command = {"serve"}, .dir = "/two", .env = {{"KEY", "other"}}}, {3}, 30);
  history.served({.external = Endpoint::loopback_v4(9000), .dir = "/two"}, {4}, 40);
  REQUIRE(history.rows().size() == 4);
  CHECK(history.rows()[1].env == Lines{"KEY"});
  CHECK(history.rows()[0].external == "127.0.0.1:9000");
  CHECK(history.rows()[0].dir.empty());
  CHECK(history.find(2)->what.dir == "/two");
  CHECK(history.last_other_than(history.find(4)->what)->told.number == 3);
  CHECK(history.find(9) == nullptr);
}

TEST_CASE("history: only the last fifty are kept, under their own numbers") {
  History history;
  for (std::uint32_t n = 1; n <= 60; ++n) history.served(command("v" + std::to_string(n)), {n}, n);
  CHECK(history.rows().size() == History::kKept);
  CHECK(history.rows().front().number == 60);
  CHECK(history.find(10) == nullptr);
  CHECK(history.find(11)->what.command == Lines{"v11"});
}

TEST_CASE("shell: a rollback goes to the last other command, whatever was started again meanwhile") {
  Stage stage;
  stage.serve_first();
  swap_to(stage, "v2", 2);
  stage.shell->swap(again(), {});
  stage.poll();
  stage.ready(3);
  stage.gone(2);
  CHECK(told(stage.shell->history()) == Lines{"2 v2 2-3 serving", "1 v1 1-1 replaced"});
  stage.exited(3);
  REQUIRE(stage.wait_for([&] { return stage.launcher.made.size() == 4; }));
  stage.ready(4);
  stage.gone(3);
  Seen seen;
  const auto handle = stage.shell->swap(back(), seen.watch());
  stage.poll();
  CHECK(stage.made(5).spec.command == Lines{"serve", "v1"});
  CHECK(stage.made(5).spec.dir == "/srv");
  stage.ready(5);
  stage.gone(4);
  REQUIRE(seen.results.size() == 1);
  CHECK(seen.results[0].report->dir == "/srv");
  CHECK(told(stage.shell->history()) == Lines{"3 v1 5-5 serving", "2 v2 2-4 replaced", "1 v1 1-1 replaced"});
}

TEST_CASE("shell: a rollback goes to the row that it names") {
  Stage stage;
  stage.serve_first();
  swap_to(stage, "v2", 2);
  swap_to(stage, "v3", 3);
  const auto handle = stage.shell->swap(back(1), {});
  stage.poll();
  CHECK(stage.made(4).spec.command == Lines{"serve", "v1"});
  CHECK(stage.made(4).spec.env == std::map<std::string, std::string>{{"MODE", "dev"}});
}

TEST_CASE("shell: a rollback to a row that is not there, or serves, is refused and says so") {
  Stage stage;
  stage.serve_first();
  swap_to(stage, "v2", 2);
  Seen none;
  const auto first = stage.shell->swap(back(7), none.watch());
  REQUIRE(none.results.size() == 1);
  CHECK(none.results[0].kind == Result::Refused);
  CHECK(none.results[0].reason == "the history has no command 7: `berth history` lists what it has");
  Seen same;
  const auto second = stage.shell->swap(back(2), same.watch());
  REQUIRE(same.results.size() == 1);
  CHECK(same.results[0].reason == "command 2 serves now: `berth restart` starts it anew");
  CHECK(stage.launcher.made.size() == 2);
}

TEST_CASE("shell: with a warm one a rollback to another row starts that, and to its own is one switch") {
  Patience keeping;
  keeping.keep_old = 60s;
  Stage stage(keeping);
  stage.serve_first();
  stage.shell->swap(to({"serve", "v2"}), {});
  stage.ready(2);
  stage.shell->swap(to({"serve", "v3"}), {});
  stage.poll();
  stage.ready(3);
  // Generation 2 is warm, 1 is on its way out.
  const auto other = stage.shell->swap(back(1), {});
  stage.poll();
  REQUIRE(stage.launcher.made.size() == 4);
  CHECK(stage.made(4).spec.command == Lines{"serve", "v1"});
  stage.ready(4);
  // Generation 3 is warm now.
  const auto own = stage.shell->swap(back(3), {});
  stage.poll();
  CHECK(stage.launcher.made.size() == 4);
  const auto& calls = stage.plane.calls;
  CHECK(std::count(calls.begin(), calls.end(), "switch 3 127.0.0.1:41503") == 2);
}

}  // namespace
}  // namespace berth::swap
