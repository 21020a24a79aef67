#include "proxy/control/why_sentences.h"

#include <doctest/doctest.h>

#include "proxy/control/phase_text.h"
#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

using observe::PhaseState;
using observe::SwapCause;
using observe::SwapOutcome;
using observe::SwapReport;

// The three answers below each other.
std::string told(const SwapReport& report) {
  const WhySentences why = why_sentences(report);
  return "\n" + why.done + "\n" + why.happened + "\n" + why.to_do + "\n";
}

void serves(AppStatus& now, Generation generation, const std::string& state) {
  GenerationStatus& g = now.generations.emplace_back();
  g.generation = generation;
  g.state = state;
}

SwapReport failed_report() {
  SwapReport report = example_report();
  report.outcome = SwapOutcome::Failed;
  report.serving_after = {};
  report.phases.resize(1);
  report.reason = "uvicorn ended before it was ready: exit 1";
  report.last_lines = {"ImportError: no module named app"};
  return report;
}

}  // namespace

TEST_CASE("why: a swap that went well, and one that is under way") {
  SwapReport report = example_report();
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 was drained (12 requests finished), ended (exit 0 after TERM) and let go of its port (38211 strictly free). No request failed.
Nothing: generation 7 serves.
)");
  report.requests_cut = 1;
  report.requests_failed = 2;
  report.requests_held = 3;
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 was drained (12 requests finished), ended (exit 0 after TERM) and let go of its port (38211 strictly free). 2 requests failed. 3 requests waited. 1 request had to be cut.
Give long requests longer with `drain`, if they should not be cut.
)");
  report.requests_cut = 3;
  report.drained.of(observe::Carried::WebSocket).cut = 1;
  report.drained.of(observe::Carried::Request).cut = 2;
  CHECK(told(report).find("3 requests waited. 2 requests and 1 WebSocket had to be cut.") !=
        std::string::npos);
  report = example_report();
  report.retiring = true;
  report.phases.resize(4);
  report.phases[3].state = PhaseState::Running;
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 is still on its way out.
Nothing: generation 7 serves.
)");
  report.outcome = SwapOutcome::Running;
  report.serving_after = {};
  report.retiring = false;
  report.phases.resize(2);
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
It runs, and is asked whether it is ready.
Wait, or end it with `berth cancel`; `berth status --watch` shows how it goes.
)");
  report.phases.resize(1);
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
It is being started.
Wait, or end it with `berth cancel`; `berth status --watch` shows how it goes.
)");
}

TEST_CASE("why: a new one that ended, was too late, or lost its port to somebody") {
  SwapReport report = failed_report();
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 never got a request: uvicorn ended before it was ready: exit 1. No request failed. Generation 6 serves on.
Mend what its last lines below say, and type `berth swap web`.
)");
  report.reason = "it was not ready within 30 s: GET / gave 503";
  report.last_lines.clear();
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 never got a request: it was not ready within 30 s: GET / gave 503. No request failed. Generation 6 serves on.
See what it wrote with `berth logs web`, mend it, and type `berth swap web`.
)");
  report.reason = "port 41507 is held by pid 77 (nc -l 41507)";
  report.hint = "see who holds it: ss -ltnp 'sport = :41507'";
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 never got a request: port 41507 is held by pid 77 (nc -l 41507). No request failed. Generation 6 serves on.
See who holds it: ss -ltnp 'sport = :41507'. See what it wrote with `berth logs web`, mend it, and type `berth swap web`.
)");
  report = failed_report();
  report.from = {};
  report.cause = SwapCause::FirstStart;
  CHECK(told(report) == R"(
`berth run` started generation 7.
Generation 7 never got a request: uvicorn ended before it was ready: exit 1. No request failed. Nothing serves yet, and requests wait.
Mend what its last lines below say, and type `berth swap web`; until then it is tried again by itself.
)");
}

TEST_CASE("why: what was cancelled, or cut short by the end of berth") {
  SwapReport report = failed_report();
  report.outcome = SwapOutcome::Cancelled;
  report.reason = "cancelled";
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
It was cancelled before generation 7 got a request. No request failed. Generation 6 serves on.
Nothing; `berth swap` tries it again.
)");
  report.from = {};
  report.cause = SwapCause::FirstStart;
  report.reason = observe::kWaitsForSwap;
  CHECK(told(report) == R"(
`berth run` started generation 7.
It was cancelled before generation 7 got a request. No request failed. Nothing serves, and requests are refused.
Type `berth swap` or `berth restart` when it may be tried again.
)");
  report = failed_report();
  report.reason = observe::kBerthStopped;
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 never got a request: berth was stopped. No request failed.
Nothing: `berth run` begins anew.
)");
}

TEST_CASE("why: in the stop-start order the old command comes back, or is tried again") {
  SwapReport report = failed_report();
  report.order = SwapOrder::StopStart;
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6. In the stop-start order the old one ends first, and requests wait.
Generation 7 never got a request: uvicorn ended before it was ready: exit 1. No request failed. Nothing serves for the moment, and requests wait.
Mend what its last lines below say, and type `berth swap web`.
)");
  report.back = Generation{8};
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6. In the stop-start order the old one ends first, and requests wait.
Generation 7 never got a request: uvicorn ended before it was ready: exit 1. No request failed. The old command was started again, and generation 8 serves.
Mend what its last lines below say, and type `berth swap web`.
)");
}

TEST_CASE("why: a release that is not proven") {
  SwapReport report = example_report();
  report.outcome = SwapOutcome::Unreleased;
  report.reason = "38211 still held by pid 9 (sh)";
  report.hint = "see who holds it: ss -ltnp 'sport = :38211'";
  report.phases.back().state = PhaseState::Failed;
  report.phases.back().detail = report.reason;
  CHECK(told(report) == R"(
`berth swap` asked for generation 7 in place of generation 6.
Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 was drained (12 requests finished) and ended (exit 0 after TERM). Its port was not let go of: 38211 still held by pid 9 (sh). No request failed.
See who holds it: ss -ltnp 'sport = :38211'. End who holds it, if it should not; what serves now has a port of its own.
)");
}

TEST_CASE("why: a crash, with its restart and without") {
  SwapReport report = example_report();
  report.cause = SwapCause::Crash;
  report.reason = "generation 6 ended by itself: killed by SEGV";
  CHECK(told(report) == R"(
Generation 6 ended without being asked to. Its command was started again, as generation 7.
Generation 6 ended by itself: killed by SEGV. Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 was drained (12 requests finished), ended (exit 0 after TERM) and let go of its port (38211 strictly free). No request failed.
See why it ended: `berth logs web`.
)");
  report.to = {5};
  CHECK(told(report).find("asked to. Generation 5, which was kept, took its place.\n") != std::string::npos);
  report.outcome = SwapOutcome::Failed;
  report.serving_after = {};
  report.to = {};
  CHECK(told(report) == R"(
Generation 6 ended without being asked to.
Generation 6 ended by itself: killed by SEGV. No request failed. Nothing serves for the moment, and requests wait.
See what it wrote with `berth logs web`, mend it, and type `berth swap web`; until then it is tried again by itself.
)");
}

TEST_CASE("why: attach, detach, restart and the end") {
  SwapReport report = example_report();
  report.cause = SwapCause::Attach;
  report.external = "127.0.0.1:9000";
  report.command.clear();
  CHECK(told(report) == R"(
`berth attach` asked for the server on 127.0.0.1:9000 as generation 7 in place of generation 6.
Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 was drained (12 requests finished), ended (exit 0 after TERM) and let go of its port (38211 strictly free). No request failed.
Nothing: generation 7 serves.
)");
  report = example_report();
  report.cause = SwapCause::Restart;
  CHECK(told(report) == R"(
`berth restart` asked for the same command again, as generation 7.
Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 was drained (12 requests finished), ended (exit 0 after TERM) and let go of its port (38211 strictly free). No request failed.
Nothing: generation 7 serves.
)");
  report.cause = SwapCause::Detach;
  CHECK(told(report) == R"(
`berth detach` let go of generation 6; the app's own command comes as generation 7.
Generation 7 passed its check (GET / 200) and took over 413 ms after the asking. Generation 6 was drained (12 requests finished), ended (exit 0 after TERM) and let go of its port (38211 strictly free). No request failed.
Nothing: generation 7 serves.
)");
  report.to = {};
  report.serving_after = {};
  report.phases.erase(report.phases.begin(), report.phases.begin() + 3);
  report.phases[1].detail = "left running";
  CHECK(told(report) == R"(
`berth detach` let go of generation 6.
Generation 6 was drained (12 requests finished) and was left running. No request failed.
Type `berth attach ADDRESS` or `berth swap` for the next one; requests wait until then.
)");
  report.cause = SwapCause::Shutdown;
  CHECK(told(report) == R"(
`berth stop`, or a signal, ended berth, and generation 6 with it.
Generation 6 was drained (12 requests finished) and was left running. No request failed.
Nothing: `berth run` begins anew.
)");
}

TEST_CASE("why: what is wrong now comes before what was well when the swap ended") {
  struct Case {
    std::string state;
    std::string external;
    std::string happened;  ///< its end
    std::string to_do;
  };
  const std::string again = "Start that server again, which berth did not start, or `berth attach` another.";
  for (const Case& each :
       {Case{"serving", "", "No request failed.", "Nothing: generation 7 serves."},
        Case{
            "closed", "",
            "No request failed. Now generation 7 takes no connections, though its process runs, and requests "
            "wait.",
            "See what it does with `berth logs web`; `berth restart web` starts its command again."},
        Case{"closed", "127.0.0.1:9000",
             "No request failed. Now nothing takes connections on 127.0.0.1:9000, and requests wait.", again},
        Case{"unreachable", "127.0.0.1:9000",
             "No request failed. Now nothing takes connections on 127.0.0.1:9000, and requests wait.", again},
        Case{"unhealthy", "127.0.0.1:9000",
             "No request failed. Generation 7 failed 3 checks in a row: GET / gave 500; requests wait.",
             again},
        Case{"unhealthy", "", "No request failed. Generation 7 failed 3 checks in a row: GET / gave 500.",
             "See what it does with `berth logs web`, mend it, and type `berth swap web`."},
        Case{"paused", "", "No request failed. Now it is paused, and new requests wait.",
             "Type `berth resume web` when they may go on."}}) {
    CAPTURE(each.state);
    CAPTURE(each.external);
    AppStatus now;
    now.name = "web";
    now.state = each.state;
    now.external = each.external;
    now.pause.paused = each.state == "paused";
    now.health = "generation 7 failed 3 checks in a row: GET / gave 500";
    serves(now, {7}, each.state == "closed" ? "closed" : "serving");
    const WhySentences why = why_sentences(example_report(), &now);
    CHECK_MESSAGE(why.happened.ends_with(each.happened), why.happened);
    CHECK(why.to_do == each.to_do);
  }
}

TEST_CASE("why: of a failed swap, the old one is not said to serve on once its port is closed") {
  AppStatus now;
  now.name = "web";
  now.state = "closed";
  serves(now, {6}, "closed");
  const WhySentences why = why_sentences(failed_report(), &now);
  CHECK(why.happened.find("serves on") == std::string::npos);
  CHECK(why.happened.ends_with(
      "Now generation 6 takes no connections, though its process runs, and requests wait."));
  CHECK(why.to_do.starts_with("See what it does with `berth logs web`"));
}

TEST_CASE("why: the whole screen at 80 columns, and no wider than is read with ease") {
  SwapReport report = failed_report();
  report.hint = "run it by hand";
  // The clock is the reader's.
  const auto clockless = [](std::string text) { return text.substr(text.find("asked by")); };
  CHECK(clockless(why_text(report, false)) == R"(asked by `berth swap`
  command: uvicorn app:app

  what was done  `berth swap` asked for generation 7 in place of generation 6.
  what happened  Generation 7 never got a request: uvicorn ended before it was
                 ready: exit 1. No request failed. Generation 6 serves on.
  what to do     Run it by hand. Mend what its last lines below say, and type
                 `berth swap web`.

web  generation 7 ▸ start    pid 4132 on 41507 (lease)
failed: generation 7: uvicorn ended before it was ready: exit 1
  last lines of generation 7:
  │ ImportError: no module named app
generation 6 serves on; generation 7 never got a request
)");
  CHECK(clockless(why_text(example_report(), false, 120)) == R"(asked by `berth swap`
  command: uvicorn app:app

  what was done  `berth swap` asked for generation 7 in place of generation 6.
  what happened  Generation 7 passed its check (GET / 200) and took over 413 ms after the asking.
                 Generation 6 was drained (12 requests finished), ended (exit 0 after TERM) and let
                 go of its port (38211 strictly free). No request failed.
  what to do     Nothing: generation 7 serves.

web  generation 7 ▸ start    pid 4132 on 41507 (lease)
     ready    412 ms   GET / 200
     switch   0.3 ms   2 workers
web  generation 6 ▸ drain    38 ms    12 requests finished
     stop     21 ms    exit 0 after TERM
     release  0.4 ms   38211 strictly free
done: serving generation 7 after 413 ms; 0 requests failed, 0 held; uvicorn app:app
)");
}

}  // namespace berth::control
