// The history on its way to a reader: as JSON, back, and as a table.
#include "proxy/control/history_text.h"

#include <doctest/doctest.h>

#include "proxy/control/api_route.h"
#include "proxy/control/json_map.h"
#include "proxy/control/json_read.h"

using namespace berth;
using namespace berth::control;
using observe::ServedCommand;
using observe::ServedOutcome;

namespace {

std::vector<ServedCommand> example() {
  return {{.number = 3,
           .command = {"serve", "v2"},
           .dir = "/srv/two",
           .env = {"KEY"},
           .first = {4},
           .last = {6},
           .since_unix_ms = 1'795'229'098'568},
          {.number = 2,
           .external = "127.0.0.1:9000",
           .first = {3},
           .last = {3},
           .since_unix_ms = 1'795'229'000'000,
           .until_unix_ms = 1'795'229'098'568,
           .outcome = ServedOutcome::Detached},
          {.number = 1,
           .command = {"serve", "v1"},
           .dir = "/srv/one",
           .first = {1},
           .last = {2},
           .since_unix_ms = 1,
           .until_unix_ms = 2,
           .outcome = ServedOutcome::Crashed,
           .detail = "ended by itself: exit 3"}};
}

}  // namespace

TEST_CASE("history: what is sent is what is read") {
  const auto read = history_from(boost::json::value(history_json(example())));
  REQUIRE(read);
  REQUIRE(read->size() == 3);
  CHECK(history_json(*read) == history_json(example()));
  CHECK((*read)[0].env == std::vector<std::string>{"KEY"});
  CHECK((*read)[2].detail == "ended by itself: exit 3");
  CHECK_FALSE(history_from(boost::json::value("x")));
  CHECK_FALSE(history_from(boost::json::value(boost::json::object{})));
}

TEST_CASE("history: a line for each, whose command gets the room that is left") {
  const std::string text = history_text(example(), 1000);
  CHECK(text.starts_with("no.  since"));
  CHECK(text.find("4-6          serves                   serve v2 in /srv/two\n") != std::string::npos);
  CHECK(text.find("3            detached                 127.0.0.1:9000, not started by berth\n") !=
        std::string::npos);
  CHECK(text.find("1-2          ended by itself: exit 3  serve v1 in /srv/one\n") != std::string::npos);
  CHECK(history_text({}, 80) == "nothing has served yet\n");
  std::vector<ServedCommand> wide = example();
  wide[0].dir = "/" + std::string(200, 'x');
  CHECK(history_text(wide, 90).find("serve v2 in /xxxxxxxxxxxx…\n") != std::string::npos);
}

TEST_CASE("history: its path, and the row that a rollback names") {
  const ApiCall call = read_api_call("GET", "/v1/apps/web/history");
  CHECK(call.kind == ApiCallKind::History);
  CHECK(call.app == "web");
  CHECK(read_api_call("POST", "/v1/apps/web/history").kind == ApiCallKind::WrongMethod);
  const auto rollback = swap_call_from(R"({"to": 3})", SwapVerbKind::Rollback);
  REQUIRE(std::holds_alternative<SwapCall>(rollback));
  CHECK(std::get<SwapCall>(rollback).request.back_to == 3);
  CHECK(boost::json::value(to_json(std::get<SwapCall>(rollback).request)).at("to") == 3);
  for (const char* wrong :
       {R"({"to": 0})", R"({"to": -1})", R"({"to": "127.0.0.1:9000"})", R"({"to": 1.5})"}) {
    CAPTURE(std::string(wrong));
    CHECK(std::holds_alternative<std::string>(swap_call_from(wrong, SwapVerbKind::Rollback)));
  }
}
