#include "config/validate.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace berth {
namespace {

Config one_app() {
  Config config;
  config.apps.emplace_back().command = {"x"};
  return config;
}

std::string faults(Config config) {
  std::string all;
  for (const auto& error : complete(config, {})) all += error.text() + "\n";
  return all;
}

}  // namespace

TEST_CASE("signals: with and without SIG, and by number") {
  CHECK(parse_signal("TERM") == 15);
  CHECK(parse_signal("SIGINT") == 2);
  CHECK(parse_signal("9") == 9);
  CHECK(parse_signal("term") == 0);
  CHECK(parse_signal("0") == 0);
  CHECK(parse_signal("65") == 0);
  CHECK(signal_text(15) == "TERM");
  CHECK(signal_text(34) == "34");
}

TEST_CASE("complete: an app gets a listener of its own with the addresses parsed") {
  Config config = one_app();
  config.apps[0].listen = "localhost:8000";
  CHECK(complete(config, {}).empty());
  REQUIRE(config.listeners.size() == 1);
  CHECK(config.listeners[0].text == "localhost:8000");
  CHECK(config.listeners[0].listen == "localhost:8000");
  CHECK(config.listeners[0].addresses.size() == 2);
}

TEST_CASE("complete: every cross check tells its fault") {
  struct Row {
    const char* says;
    void (*spoil)(Config&);
  };
  for (const Row& row : std::vector<Row>{
           {"there is no app", [](Config& c) { c.apps.clear(); }},
           {"has no command", [](Config& c) { c.apps[0].command.clear(); }},
           {"there is no {fd} with port",
            [](Config& c) {
              c.apps[0].command.emplace_back("--fd={fd}");
              c.apps[0].port.mode = PortMode::Lease;
            }},
           {"there is no {socket} with port",
            [](Config& c) {
              c.apps[0].command = {"x", "{fd}", "{socket}"};
            }},
           {"there is no {port} with port",
            [](Config& c) {
              c.apps[0].command = {"x", "{socket}", "{port}"};
            }},
           {"nothing tells the command its socket", [](Config& c) { c.apps[0].port.mode = PortMode::Unix; }},
           {"listen says nothing",
            [](Config& c) {
              c.apps[0].command = {"x", "{fd}"};
              c.apps[0].ready.kind = ReadyConfig::Kind::Listen;
            }},
           {"has a command and is external",
            [](Config& c) { c.apps[0].external = Endpoint::loopback_v4(9000); }},
           {"berth would ask itself",
            [](Config& c) {
              c.apps[0].command.clear();
              c.apps[0].listen = "[::]:8000";
              c.apps[0].external = Endpoint::loopback_v4(8000);
            }},
           {"cannot name an app", [](Config& c) { c.apps[0].name = "a/b"; }},
           {"two apps are named", [](Config& c) { c.apps.push_back(c.apps[0]); }},
           {"answers the same requests as 'app': / on 127.0.0.1:8000",
            [](Config& c) { c.apps.push_back(c.apps[0]), c.apps[1].name = "b"; }},
           {"overlaps",
            [](Config& c) {
              c.apps.push_back(c.apps[0]), c.apps[1].name = "b", c.apps[1].listen = "0.0.0.0:8000";
            }},
           {"overlaps", [](Config& c) { c.apps[0].listen = "127.0.0.1:1,127.0.0.1:1"; }},
           {"no app listens on", [](Config& c) { c.listeners.emplace_back().text = "127.0.0.1:9"; }},
           {"is not a path", [](Config& c) { c.apps[0].ready.path = "health"; }},
           {"is not a path", [](Config& c) { c.apps[0].ready.path = "/a b"; }},
           {"cannot be a Host", [](Config& c) { c.apps[0].ready.host = "a\r\nb"; }},
           {"within 100 and 599", [](Config& c) { c.apps[0].ready.status_max = 600; }},
           {"is not a path",
            [](Config& c) {
              c.apps[0].ready.warm = {"/", "slow"};
            }},
           {"successes must lie within 1 and 100", [](Config& c) { c.apps[0].ready.successes = 0; }},
           {"successes must lie within 1 and 100", [](Config& c) { c.apps[0].ready.successes = 101; }},
           {"successes says nothing with notify",
            [](Config& c) {
              c.apps[0].ready.kind = ReadyConfig::Kind::Notify;
              c.apps[0].ready.successes = 2;
            }},
           {"the log check has no pattern", [](Config& c) { c.apps[0].ready.kind = ReadyConfig::Kind::Log; }},
           {"'(up' is not a regular expression",
            [](Config& c) {
              c.apps[0].ready.kind = ReadyConfig::Kind::Log;
              c.apps[0].ready.log = "(up";
            }},
           {"the exec check has no command",
            [](Config& c) { c.apps[0].ready.kind = ReadyConfig::Kind::Exec; }},
           {"notify asks the command, and berth does not start it",
            [](Config& c) {
              c.apps[0].command.clear();
              c.apps[0].external = Endpoint::loopback_v4(9000);
              c.apps[0].ready.kind = ReadyConfig::Kind::Notify;
            }},
           {"the readiness timeout must be longer than 0",
            [](Config& c) { c.apps[0].ready.timeout = Milliseconds(0); }},
           {"grace cannot be off", [](Config& c) { c.apps[0].stop.grace = kOff; }},
           {"connect_timeout must be longer",
            [](Config& c) { c.apps[0].limits.connect_timeout = Milliseconds(0); }},
           {"max_upstream must be at least 1", [](Config& c) { c.apps[0].limits.max_upstream = 0; }},
           {"max_retiring must be at least 1", [](Config& c) { c.apps[0].max_retiring = 0; }},
           {"variable of the environment", [](Config& c) { c.apps[0].env["A=B"] = "x"; }},
           {"at most 256 workers", [](Config& c) { c.front.workers = 1000; }},
       }) {
    CAPTURE(row.says);
    Config config = one_app();
    REQUIRE(faults(config).empty());
    row.spoil(config);
    CHECK(faults(config).find(row.says) != std::string::npos);
  }
}

}  // namespace berth
