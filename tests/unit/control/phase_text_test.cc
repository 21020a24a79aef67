#include "proxy/control/phase_text.h"

#include <doctest/doctest.h>

#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string phases_of(const observe::SwapReport& report) {
  PhaseText text("web", false);
  std::string all;
  for (const auto& phase : report.phases) all += text.ended(phase) + "\n";
  return all;
}

}  // namespace

TEST_CASE("phases: a swap reads as the README shows it") {
  observe::SwapReport report = example_report();
  CHECK(phases_of(report) + result_text(SwapResult::Kind::Done, {}, &report, Paint(false)) ==
        "web  generation 7 ▸ start    pid 4132 on 41507 (lease)\n"
        "     ready    412 ms   GET / 200\n"
        "     switch   0.3 ms   2 workers\n"
        "web  generation 6 ▸ drain    38 ms    12 requests finished\n"
        "     stop     21 ms    exit 0 after TERM\n"
        "     release  0.4 ms   38211 strictly free\n"
        "done: serving generation 7 after 413 ms; 0 requests failed, 0 held; uvicorn app:app\n");
  report.dir = "/srv/current";
  CHECK(has(result_text(SwapResult::Kind::Done, {}, &report, Paint(false)),
            "; uvicorn app:app in /srv/current\n"));
}

TEST_CASE("phases: requests that were cut at the deadline are told") {
  observe::SwapReport report = example_report();
  report.requests_cut = 2;
  report.requests_failed = 1;
  CHECK(result_text(SwapResult::Kind::Done, {}, &report, Paint(false)) ==
        "done: serving generation 7 after 413 ms; 1 request failed, 0 held, 2 cut at the drain deadline; "
        "uvicorn app:app\n");
}

TEST_CASE("phases: one that runs shows its time where it will stand") {
  PhaseText text("web", false);
  observe::PhaseRecord ready{Generation{7}, observe::PhaseName::Ready, observe::PhaseState::Running, {}, ""};
  CHECK(text.running(ready, std::chrono::milliseconds(1234)) == "web  generation 7 ▸ ready    1.20 s   ");
  CHECK(text.ended(example_report().phases[0]) == "web  generation 7 ▸ start    pid 4132 on 41507 (lease)");
  CHECK(text.running(ready, std::chrono::milliseconds(250)) == "     ready    200 ms   ");
}

TEST_CASE(
    "failure: where the starting was cancelled nothing serves, and nobody claims that anything is held") {
  observe::SwapReport report = example_report();
  report.outcome = observe::SwapOutcome::Cancelled;
  report.reason = observe::kWaitsForSwap;
  CHECK(result_text(SwapResult::Kind::Failed, "", &report, Paint(false)) ==
        "cancelled: generation 7: waiting for `berth swap` or `berth restart`\n"
        "nothing serves; requests are refused\n");
  report.outcome = observe::SwapOutcome::Failed;
  report.reason = "exit 1";
  report.notes = {"cancelled: " + std::string(observe::kWaitsForSwap)};
  CHECK(has(result_text(SwapResult::Kind::Failed, "", &report, Paint(false)), "requests are refused"));
}

TEST_CASE("failure: one screen with the reason, the last lines, what to do, and who serves on") {
  observe::SwapReport report = example_report();
  report.outcome = observe::SwapOutcome::Failed;
  report.phases = {{Generation{7}, observe::PhaseName::Ready, observe::PhaseState::Failed,
                    std::chrono::milliseconds(80), "exit 1"}};
  report.reason = "the command ended before it was ready: exit 1";
  report.hint = "run it by hand";
  report.last_lines = {"Traceback (most recent call last):", "ImportError: no module named app"};
  report.notes = {"port 41507 was taken: tried again on 41733"};
  CHECK(phases_of(report) == "web  generation 7 ▸ ready    80 ms    failed\n");
  CHECK(result_text(SwapResult::Kind::Failed, report.reason, &report, Paint(false)) ==
        "failed: generation 7: the command ended before it was ready: exit 1\n"
        "  note: port 41507 was taken: tried again on 41733\n"
        "  last lines of generation 7:\n"
        "  │ Traceback (most recent call last):\n"
        "  │ ImportError: no module named app\n"
        "  what to do: run it by hand\n"
        "generation 6 serves on; generation 7 never got a request\n");
  report.from = Generation{};
  CHECK(has(result_text(SwapResult::Kind::Failed, "", &report, Paint(false)), "nothing serves yet"));
  report.outcome = observe::SwapOutcome::Cancelled;
  CHECK(has(result_text(SwapResult::Kind::Failed, "", &report, Paint(false)), "cancelled: generation 7"));
  report.reason = "cancelled";
  CHECK(has(result_text(SwapResult::Kind::Failed, "", &report, Paint(false)), "cancelled: generation 7\n"));
  report.from = Generation{6};
  report.reason = "berth was stopped";
  CHECK(result_text(SwapResult::Kind::Failed, "", &report, Paint(false)).find("serves on") ==
        std::string::npos);
}

TEST_CASE("failure: in the stop-start order the screen says what came back, or that requests wait") {
  observe::SwapReport report = example_report();
  report.outcome = observe::SwapOutcome::Failed;
  report.order = SwapOrder::StopStart;
  CHECK(has(result_text(SwapResult::Kind::Failed, "exit 1", &report, Paint(false)),
            "generation 6 had ended for it, and its command is tried again; requests are held\n"));
  report.back = Generation{8};
  CHECK(has(result_text(SwapResult::Kind::Failed, "exit 1", &report, Paint(false)),
            "the command of generation 6 was started again: generation 8 serves; "
            "generation 7 never got a request\n"));
}

TEST_CASE("results: what is detached and what berth did not start is told as such") {
  observe::SwapReport report = example_report();
  report.external = "127.0.0.1:9000";
  report.command.clear();
  CHECK(has(why_text(report, false), "  server: 127.0.0.1:9000, not started by berth\n"));
  report.to = Generation{};
  CHECK(result_text(SwapResult::Kind::Done, {}, &report, Paint(false)) ==
        "done: generation 6 is detached; requests are held until `berth attach` or `berth swap`\n");
}

TEST_CASE("results: those without a report say their reason") {
  CHECK(result_text(SwapResult::Kind::Refused, "a swap runs", nullptr, Paint(false)) ==
        "refused: a swap runs\n");
  CHECK(result_text(SwapResult::Kind::Superseded, "newer", nullptr, Paint(false)) == "superseded: newer\n");
  observe::SwapReport report = example_report();
  std::string unreleased =
      result_text(SwapResult::Kind::Unreleased, "38211 is held by pid 9 (sh)", &report, Paint(false));
  report.notes = {"41507 was taken by pid 7 (sh): trying again on 41733"};
  CHECK(has(result_text(SwapResult::Kind::Done, "", &report, Paint(false)),
            "  note: 41507 was taken by pid 7 (sh): trying again on 41733\ndone: serving generation 7"));
  CHECK(has(unreleased, "not released: 38211 is held by pid 9 (sh)\n"));
  CHECK(has(unreleased, "serving generation 7"));
  report.retiring = true;
  CHECK(has(switched_text(report, Paint(false)),
            "switched: serving generation 7 after 413 ms; uvicorn app:app\ngeneration 6 retires"));
}

TEST_CASE("why: a report is told whole") {
  observe::SwapReport report = example_report();
  report.notes = {"followed to 5174"};
  std::string text = why_text(report, false);
  CAPTURE(text);
  for (const char* part :
       {"web  20", "asked by `berth swap`", "  command: uvicorn app:app\n",
        "     ready    412 ms   GET / 200\n", "  note: followed to 5174\n", "done: serving generation 7"}) {
    CHECK(has(text, part));
  }
  report.outcome = observe::SwapOutcome::Failed;
  report.reason = "it never answered";
  text = why_text(report, false);
  CHECK(has(text, "failed: generation 7: it never answered\n"));
  CHECK(text.find("followed to 5174") == text.rfind("followed to 5174"));
  report.outcome = observe::SwapOutcome::Unreleased;
  text = why_text(report, false);
  CHECK(text.find("followed to 5174") == text.rfind("followed to 5174"));
  report.outcome = observe::SwapOutcome::Running;
  CHECK(has(why_text(report, false), "running\n"));
}

TEST_CASE("colours: only where they are wanted, and they take no width") {
  CHECK_FALSE(has(why_text(example_report(), false), "\x1b"));
  CHECK(has(why_text(example_report(), true), "\x1b[32mdone:\x1b[0m"));
  CHECK(width_of("\x1b[1;31mfailed\x1b[0m ▸") == 8);
  CHECK(padded("\x1b[2mab\x1b[0m", 4) == "\x1b[2mab\x1b[0m  ");
  CHECK(shortened("generation ▸ start", 13) == "generation ▸…");
  CHECK(command_text({"sh", "-c", "echo 'a b'", ""}) == R"(sh -c 'echo '\''a b'\''' '')");
}

}  // namespace berth::control
