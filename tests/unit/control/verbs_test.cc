#include "proxy/control/verbs.h"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

struct Screen {
  std::string out;
  std::string err;
  Terminal terminal{[this](std::string_view text) { out += text; },
                    [this](std::string_view text) { err += text; }};

  Screen() = default;
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Target at(const LiveServer& server, const std::string& app = {}, bool json = false) {
  return {server.path(), app, json};
}

void result(SwapWatch& watch, SwapResult::Kind kind, const std::string& reason) {
  observe::SwapReport report = example_report();
  report.outcome =
      kind == SwapResult::Kind::Failed ? observe::SwapOutcome::Failed : observe::SwapOutcome::Done;
  bool reported = kind != SwapResult::Kind::Refused && kind != SwapResult::Kind::Superseded;
  watch.on_result({kind, reason, reported ? std::optional(report) : std::nullopt});
}

}  // namespace

TEST_CASE("swap: shows the phases and the result, and asks for what was typed") {
  LiveServer server;
  server.on_loop([&] {
    server.service.on_swap = [](SwapWatch& watch) {
      watch.on_queued("behind the swap to generation 6");
      for (const auto& phase : example_report().phases) {
        auto running = phase;
        running.state = observe::PhaseState::Running;
        watch.on_phase(running);
        watch.on_phase(phase);
      }
      watch.on_switched(example_report());
      result(watch, SwapResult::Kind::Done, "");
    };
  });
  Screen screen;
  SwapVerb verb{.target = at(server), .command = {"x", "y"}, .env = {{"A", "1"}}, .queue = false};
  CHECK(run_verb(verb, screen.terminal) == 0);
  CHECK(screen.err.empty());
  CHECK(screen.out.starts_with(
      "queued: behind the swap to generation 6\nweb  generation 7 ▸ start    pid 4132 on 41507 (lease)\n"));
  CHECK(screen.out.ends_with(
      "done: serving generation 7 after 413 ms; 0 requests failed, 0 held; uvicorn app:app\n"));
  CHECK_FALSE(has(screen.out, "\r"));
  server.on_loop([&] {
    CHECK(server.service.asked_app == "web");
    CHECK(server.service.asked.command == std::vector<std::string>{"x", "y"});
    CHECK(server.service.asked.dir == std::filesystem::current_path().string());
    CHECK(server.service.asked.env.at("A") == "1");
    CHECK_FALSE(server.service.asked.queue);
  });
}

TEST_CASE("swap: without a command the directory stays as it was") {
  LiveServer server;
  server.on_loop(
      [&] { server.service.on_swap = [](SwapWatch& watch) { result(watch, SwapResult::Kind::Done, ""); }; });
  Screen screen;
  CHECK(run_verb(SwapVerb{.target = at(server, "web")}, screen.terminal) == 0);
  server.on_loop([&] { CHECK(server.service.asked.dir.empty()); });
}

TEST_CASE("swap: on a terminal the running phase is rewritten in place and gone at the end") {
  LiveServer server;
  server.on_loop([&] {
    server.service.on_swap = [](SwapWatch& watch) {
      auto phase = example_report().phases[1];
      phase.state = observe::PhaseState::Running;
      watch.on_phase(phase);
      result(watch, SwapResult::Kind::Done, "");
    };
  });
  Screen screen;
  screen.terminal.live = true;
  CHECK(run_verb(SwapVerb{.target = at(server)}, screen.terminal) == 0);
  CHECK(has(screen.out, "\r\x1b[Kweb  generation 7 ▸ ready    "));
  CHECK(has(screen.out, "\r\x1b[Kdone: serving"));
}

TEST_CASE("swap: who leaves after the switch is not told that a cancel would end it") {
  for (const bool switched : {false, true}) {
    LiveServer server;
    server.on_loop([&] {
      server.service.on_swap = [switched](SwapWatch& watch) {
        if (switched) watch.on_switched(example_report());
      };
    });
    Screen screen;
    CHECK(run_verb(SwapVerb{.target = at(server), .timeout = Milliseconds(switched ? 2'000 : 200)},
                   screen.terminal) == 4);
    CAPTURE(screen.err);
    CHECK(has(screen.err, "berth cancel") == !switched);
    CHECK(has(screen.err, "retirement of the old one") == switched);
  }
}

TEST_CASE("swap: every result has its exit code") {
  struct Row {
    SwapResult::Kind kind;
    int exit_code;
    const char* says;
  };
  using K = SwapResult::Kind;
  for (const Row& row : {Row{K::Done, 0, "done: serving generation 7"},
                         {K::Failed, 1, "failed: generation 7: a reason"},
                         {K::Refused, 1, "refused: a reason"},
                         {K::Superseded, 1, "superseded: a reason"},
                         {K::Unreleased, 5, "not released: a reason"}}) {
    CAPTURE(row.says);
    LiveServer server;
    server.on_loop([&] {
      server.service.on_swap = [kind = row.kind](SwapWatch& watch) { result(watch, kind, "a reason"); };
    });
    Screen screen;
    CHECK(run_verb(SwapVerb{.target = at(server)}, screen.terminal) == row.exit_code);
    CHECK(has(screen.out, row.says));
  }
}

TEST_CASE("swap: --json prints the API's lines and nothing else") {
  LiveServer server;
  server.on_loop([&] {
    server.service.on_swap = [](SwapWatch& watch) { result(watch, SwapResult::Kind::Unreleased, "held"); };
  });
  Screen screen;
  CHECK(run_verb(SwapVerb{.target = at(server, "", true)}, screen.terminal) == 5);
  CHECK(boost::json::parse(screen.out).at("exit_code") == 5);
}

TEST_CASE("swap: the caller's deadline ends only the waiting") {
  LiveServer server;
  Screen screen;
  CHECK(run_verb(SwapVerb{.target = at(server), .timeout = Milliseconds(30)}, screen.terminal) == 4);
  CHECK(has(screen.err, "stopped waiting; the swap"));
  CHECK(has(screen.err, "goes on"));
}

TEST_CASE("swap: Ctrl-C leaves the swap running and says so") {
  LiveServer server;
  server.on_loop([&] {
    // Raised once the client waits for its answer: its handler is there by then.
    server.service.on_swap = [](SwapWatch&) { ::raise(SIGINT); };
  });
  Screen screen;
  CHECK(run_verb(SwapVerb{.target = at(server)}, screen.terminal) == 4);
  CHECK(has(screen.err, "goes on"));
}

TEST_CASE("verbs: an app that is not there is a wrong call, a berth that is not there is 3") {
  LiveServer server;
  Screen screen;
  CHECK(run_verb(SwapVerb{.target = at(server, "nope")}, screen.terminal) == 2);
  CHECK(has(screen.err, "there is no app 'nope'; there are: web"));
  Screen none;
  CHECK(run_verb(StatusVerb{{"/nonexistent/x.sock", "", false}}, none.terminal) == 3);
  CHECK(has(none.err, "no berth answers on /nonexistent/x.sock"));
}

TEST_CASE("verbs: with --json what went wrong is a problem object, and still a sentence for people") {
  LiveServer server;
  Screen app;
  CHECK(run_verb(SwapVerb{.target = at(server, "nope", true)}, app.terminal) == 2);
  auto problem = boost::json::parse(app.out).as_object();
  CHECK(problem.at("type") == "urn:berth:no-such-app");
  CHECK(problem.at("title") == "There is no such app");
  CHECK(problem.at("detail") == "there is no app 'nope'; there are: web");
  CHECK(app.err == "berth: there is no app 'nope'; there are: web\n");
  Screen nothing;
  CHECK(run_verb(CancelVerb{at(server, "", true)}, nothing.terminal) == 1);
  CHECK(boost::json::parse(nothing.out).at("status") == 409);
  Screen none;
  CHECK(run_verb(StatusVerb{{"/nonexistent/x.sock", "", true}}, none.terminal) == 3);
  CHECK(boost::json::parse(none.out).at("type") == "urn:berth:no-berth");
  CHECK(none.err ==
        "berth: no berth answers on /nonexistent/x.sock\n    start one there: berth run --control "
        "/nonexistent/x.sock -- COMMAND\n");
  Screen late;
  const SwapVerb waits{.target = at(server, "", true), .timeout = Milliseconds(30)};
  CHECK(run_verb(waits, late.terminal) == 4);
  CHECK(boost::json::parse(late.out).at("type") == "urn:berth:stopped-waiting");
  CHECK(has(late.err, "goes on"));
}

TEST_CASE("verbs: with several apps one must be named") {
  LiveServer server;
  server.on_loop([&] {
    server.service.front.apps.push_back(server.service.front.apps[0]);
    server.service.front.apps[1].name = "api";
  });
  Screen screen;
  CHECK(run_verb(WhyVerb{at(server)}, screen.terminal) == 2);
  CHECK(has(screen.err, "name one of: web, api"));
  CHECK(run_verb(WhyVerb{at(server, "api")}, screen.terminal) == 0);
}

TEST_CASE("logs: a reader that was cut off is told, and ends with 3") {
  LiveServer server;
  server.on_loop([&] { server.service.log.push_back({.number = 1, .generation = {}, .text = "a line"}); });
  Screen screen;
  screen.terminal.to_stdout = [&](std::string_view) {
    // The last client of a berth that dies: its connection ends without the end of the log.
    server.cut();
  };
  CHECK(run_verb(LogsVerb{.target = at(server, "web"), .follow = true}, screen.terminal) == 3);
  CHECK(has(screen.err, "cut off"));
}

TEST_CASE("verbs: status, why and logs are readable, and JSON where asked") {
  LiveServer server;
  server.on_loop([&] { server.service.log = {{1, 1'700'000'000'000, Generation{7}, true, "a warning"}}; });
  Screen status;
  CHECK(run_verb(StatusVerb{at(server)}, status.terminal) == 0);
  CHECK(has(status.out, "web 127.0.0.1:8000   7 4132 41507  12 s serving"));
  Screen why;
  CHECK(run_verb(WhyVerb{at(server)}, why.terminal) == 0);
  CHECK(has(why.out, "done: serving generation 7"));
  Screen logs;
  CHECK(run_verb(LogsVerb{.target = at(server)}, logs.terminal) == 0);
  CHECK(has(logs.out, "web#7   err a warning\n"));
  for (bool followed : {false, true}) {
    CAPTURE(followed);
    Screen json;
    int code = followed ? run_verb(StatusVerb{at(server, "", true)}, json.terminal)
                        : run_verb(WhyVerb{at(server, "", true)}, json.terminal);
    CHECK(code == 0);
    CHECK(boost::json::parse(json.out).is_object());
  }
}

TEST_CASE("verbs: cancel says whether there was something to cancel") {
  LiveServer server;
  Screen nothing;
  CHECK(run_verb(CancelVerb{at(server)}, nothing.terminal) == 1);
  CHECK(has(nothing.err, "no swap of 'web' is running"));
  server.on_loop([&] { server.service.running = true; });
  Screen screen;
  CHECK(run_verb(CancelVerb{at(server)}, screen.terminal) == 0);
  CHECK(has(screen.out, "cancelled"));
}

TEST_CASE("verbs: stop prints what berth says of its end") {
  LiveServer server;
  Screen screen;
  CHECK(run_verb(StopVerb{.target = at(server)}, screen.terminal) == 0);
  CHECK(screen.out == "stopped: all released\n");
}

}  // namespace berth::control
