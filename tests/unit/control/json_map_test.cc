#include "proxy/control/json_map.h"

#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "proxy/control/json_read.h"
#include "tests/unit/control/fake_service.h"

namespace berth::control {
namespace {

namespace json = boost::json;

json::value again(const json::object& object) { return json::parse(json::serialize(object)); }

}  // namespace

TEST_CASE("json: a report comes back as it went") {
  observe::SwapReport report = example_report();
  report.cause = observe::SwapCause::Crash;
  report.outcome = observe::SwapOutcome::Unreleased;
  report.reason = "port 38211 is still held";
  report.hint = "end it";
  report.notes = {"port 41507 was taken"};
  report.last_lines = {"a", "b"};
  report.retiring = true;
  report.requests_failed = 1;
  report.requests_held = 2;
  report.requests_cut = 3;
  report.drained.of(observe::Carried::Tunnel) = {.finished = 1, .ended = 2, .cut = 3};
  report.phases[1].state = observe::PhaseState::Failed;
  auto read = report_from(again(to_json(report)));
  REQUIRE(read.has_value());
  CHECK(json::serialize(to_json(*read)) == json::serialize(to_json(report)));
  CHECK(read->drained == report.drained);
  CHECK(json::serialize(to_json(report)).find(R"("tunnels":{"finished":1,"ended":2,"cut":3})") !=
        std::string::npos);
  CHECK(read->cause == observe::SwapCause::Crash);
  CHECK(read->outcome == observe::SwapOutcome::Unreleased);
  CHECK(read->phases.at(2).took == std::chrono::microseconds(300));
  CHECK(read->phases.at(1).state == observe::PhaseState::Failed);
}

TEST_CASE("json: a status comes back as it went") {
  FrontStatus front = example_front();
  front.log_dropped = 9;
  front.access_log_dropped = 8;
  front.apps[0].swap_queued = true;
  front.apps[0].listeners.emplace_back().text = "127.0.0.1:8001";
  front.apps[0].listeners[1].trusted = {"10.0.0.0/8, unix"};
  front.apps[0].counters.held_total = 17;
  front.apps[0].waits_for = "db";
  front.apps[0].recent = {
      .window_ms = 10'250, .answered = 12, .p50_us = 900, .p99_us = 4'200, .max_us = 1'230'000};
  auto read = front_from(again(to_json(front)));
  REQUIRE(read.has_value());
  CHECK(json::serialize(to_json(*read)) == json::serialize(to_json(front)));
  CHECK(read->apps.at(0).generations.at(1).endpoint == Endpoint::loopback_v6(38211));
  CHECK(read->apps.at(0).ready == "http=/health, 3 in a row, warm / /slow");
  REQUIRE(read->apps.at(0).listeners.size() == 2);
  CHECK(read->apps.at(0).listeners[1].text == "127.0.0.1:8001");
  CHECK(read->apps.at(0).listeners[1].trusted == front.apps[0].listeners[1].trusted);
  CHECK(read->apps.at(0).limits.hold_timeout == Milliseconds(5'000));
  CHECK(read->apps.at(0).limits.stream_idle == kOff);
  CHECK(read->apps.at(0).stop_to == StopTo::Group);
  CHECK(read->apps.at(0).max_retiring == 3);
  CHECK(read->apps.at(0).waits_for == "db");
  CHECK(read->apps.at(0).recent.window_ms == 10'250);
  CHECK(read->apps.at(0).recent.answered == 12);
  CHECK(read->apps.at(0).recent.p50_us == 900);
  CHECK(read->apps.at(0).recent.p99_us == 4'200);
  CHECK(read->apps.at(0).recent.max_us == 1'230'000);
  CHECK(read->apps.at(0).listeners[0].max_fields == 99);
}

TEST_CASE("json: a line of the log says whose it is") {
  for (const bool remark : {false, true}) {
    const LogLine line{.number = 3, .generation = Generation{7}, .text = "serving", .is_remark = remark};
    const auto value = again(to_json(line));
    CHECK(value.at("stream") == (remark ? "berth" : "stdout"));
    CHECK(log_line_from(value)->is_remark == remark);
    CHECK_FALSE(value.as_object().contains("hook"));
  }
  const LogLine line{.generation = Generation{7}, .text = "no such table", .hook = "ready"};
  const auto value = again(to_json(line));
  CHECK(value.at("hook") == "ready");
  CHECK(shown_text(*log_line_from(value)) == "ready hook: no such table");
}

TEST_CASE("json: the names that scripts read") {
  json::value phase = again(to_json(example_report().phases[2]));
  CHECK(json::serialize(phase) ==
        R"({"generation":7,"phase":"switch","state":"done","took_us":300,"detail":"2 workers"})");
  json::object result = to_json(SwapResult{SwapResult::Kind::Unreleased, "held", example_report()});
  CHECK(result["event"] == "result");
  CHECK(result["result"] == "unreleased");
  CHECK(result["exit_code"] == 5);
  CHECK(result["report"].at("outcome") == "done");
  CHECK(exit_code(SwapResult::Kind::Done) == 0);
  for (auto kind : {SwapResult::Kind::Failed, SwapResult::Kind::Refused, SwapResult::Kind::Superseded}) {
    CHECK(exit_code(kind) == 1);
  }
  json::object wrong = problem(404, "no-such-app", "There is no such app", "there is no app 'x'");
  CHECK(wrong["type"] == "urn:berth:no-such-app");
  CHECK(wrong["status"] == 404);
}

TEST_CASE("json: output that is not UTF-8 is still JSON") {
  LogLine line;
  line.text = "caf\xe9 \xc3\xa9 \xed\xa0\x80 \xf0\x9f\x9a\xa2 \xc0\xaf \xf0\x9f";
  json::error_code error;
  json::value read = json::parse(json::serialize(to_json(line)), error);
  REQUIRE_FALSE(error);
  CHECK(log_line_from(read)->text ==
        "caf\xef\xbf\xbd \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd \xf0\x9f\x9a\xa2 "
        "\xef\xbf\xbd\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd");
}

TEST_CASE("json: a swap's body is read whole") {
  auto read =
      swap_call_from(R"({"command":["a","b"],"dir":"/srv","env":{"A":"1"},"queue":false,"wait":"switch"})",
                     SwapVerbKind::Swap);
  REQUIRE(read.index() == 0);
  const SwapCall& call = std::get<SwapCall>(read);
  CHECK(call.request.command == std::vector<std::string>{"a", "b"});
  CHECK(call.request.dir == "/srv");
  CHECK(call.request.env.at("A") == "1");
  CHECK_FALSE(call.request.queue);
  CHECK(call.request.verb == SwapVerbKind::Swap);
  CHECK(call.wait == WaitFor::Switch);
  REQUIRE(swap_call_from("", SwapVerbKind::Restart).index() == 0);
  CHECK(std::get<SwapCall>(swap_call_from("", SwapVerbKind::Restart)).request.verb == SwapVerbKind::Restart);
  auto back = swap_call_from(json::serialize(to_json(call.request)), SwapVerbKind::Swap);
  CHECK(std::get<SwapCall>(back).request.command == call.request.command);
}

TEST_CASE("json: the body of an attach names the server and how long the old one may hold its port") {
  SwapRequest request;
  request.verb = SwapVerbKind::Attach;
  request.to = Endpoint::loopback_v4(9000);
  request.released_within = std::chrono::seconds(20);
  auto read = swap_call_from(json::serialize(to_json(request)), SwapVerbKind::Attach);
  REQUIRE(read.index() == 0);
  CHECK(std::get<SwapCall>(read).request.to == request.to);
  CHECK(std::get<SwapCall>(read).request.released_within == request.released_within);
}

TEST_CASE("json: the body of a detach names the only server that it means") {
  SwapRequest request;
  request.verb = SwapVerbKind::Detach;
  request.only = Endpoint::loopback_v4(9000);
  auto read = swap_call_from(json::serialize(to_json(request)), SwapVerbKind::Detach);
  REQUIRE(read.index() == 0);
  CHECK(std::get<SwapCall>(read).request.only == request.only);
}

TEST_CASE("json: a body that cannot be meant is refused with what is wrong") {
  struct Row {
    const char* body;
    const char* says;
    SwapVerbKind verb = SwapVerbKind::Swap;
  };
  for (const Row& row : {Row{"{", "not JSON"},
                         {"[]", "must be a JSON object"},
                         {R"({"comand":[]})", "no member 'comand'"},
                         {R"({"command":"x"})", "list of texts"},
                         {R"({"command":[]})", "not empty"},
                         {R"({"command":[1]})", "list of texts"},
                         {R"({"command":[""]})", "first word"},
                         {R"({"command":["a\u0000b"]})", "NUL"},
                         {R"({"dir":"/a\u0000b"})", "NUL"},
                         {R"({"env":{"A":"\u0000"}})", "NUL"},
                         {R"({"env":{"A\u0000":"b"}})", "NUL"},
                         {R"({"command":["x"]})", "no member 'command' in a restart", SwapVerbKind::Restart},
                         {R"({"to":"9000"})", "no member 'to' in a restart", SwapVerbKind::Restart},
                         {R"({"to":"9000"})", "no member 'to' in a detach", SwapVerbKind::Detach},
                         {R"({"only":"9000"})", "no member 'only' in an attach", SwapVerbKind::Attach},
                         {R"({"only":9000})", "'only' must be an address as text", SwapVerbKind::Detach},
                         {R"({"command":["x"],"to":"9000"})", "both given"},
                         {R"({"env":{"A":"1"},"to":"9000"})", "go with a command"},
                         {R"({"to":9000})", "address as text"},
                         {R"({"to":"example.org:80"})", "not an address"},
                         {R"({})", "'to' is missing", SwapVerbKind::Attach},
                         {R"({"released_within":"0s"})", "a time like"},
                         {R"({"released_within":20})", "a time like"},
                         {R"({"dir":"relative"})", "absolute"},
                         {R"({"env":{"A":1}})", "object of texts"},
                         {R"({"env":{"A=B":"1"}})", "object of texts"},
                         {R"({"queue":"no"})", "true or false"},
                         {R"({"wait":"never"})", "\"release\" or \"switch\""}}) {
    CAPTURE(row.body);
    auto read = swap_call_from(row.body, row.verb);
    REQUIRE(read.index() == 1);
    CHECK(std::get<std::string>(read).find(row.says) != std::string::npos);
  }
}

TEST_CASE("json: a newer berth's members and words are passed over") {
  auto report = report_from(
      json::parse(R"({"app":"web","cause":"moonphase","later":{"x":1},"took_us":5000,"phases":[7]})"));
  REQUIRE(report.has_value());
  CHECK(report->app == "web");
  CHECK(report->cause == observe::SwapCause::Swap);
  CHECK(report->took == std::chrono::milliseconds(5));
  CHECK_FALSE(report_from(json::parse("3")).has_value());
}

}  // namespace berth::control
