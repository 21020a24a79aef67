#include "config/config_change.h"

#include <doctest/doctest.h>

#include "config/validate.h"

namespace berth {
namespace {

using Kind = AppChange::Kind;
using Words = std::vector<std::string>;

Config two_apps() {
  Config config;
  for (const char* name : {"web", "api"}) {
    AppConfig& app = config.apps.emplace_back();
    app.name = name;
    app.command = {"x"};
    app.listen = std::string(name) == "web" ? "127.0.0.1:8000" : "127.0.0.1:8001";
  }
  REQUIRE(complete(config, {}).empty());
  return config;
}

/// What compare() makes of one edit.
ConfigChange after(void (*edit)(Config&)) {
  const Config before = two_apps();
  Config changed = before;
  edit(changed);
  return compare(before, changed);
}

}  // namespace

TEST_CASE("change: the same file changes nothing") {
  CHECK(after([](Config&) {}).none());
}

TEST_CASE("change: what is started is a swap, the rest is not") {
  struct Row {
    void (*edit)(Config&);
    Kind kind;
    Words keys;
  };
  for (const Row& row : std::vector<Row>{
           {[](Config& c) { c.apps[0].command.emplace_back("y"); }, Kind::Restarted, {"command"}},
           {[](Config& c) { c.apps[0].env["A"] = "b"; }, Kind::Restarted, {"env"}},
           {[](Config& c) { c.apps[0].dir = "/"; }, Kind::Restarted, {"dir"}},
           {[](Config& c) { c.apps[0].port.number = 9; }, Kind::Restarted, {"port"}},
           {[](Config& c) { c.apps[0].user = "u", c.apps[0].tty = true; }, Kind::Restarted, {"user", "tty"}},
           {[](Config& c) { c.apps[0].ready.path = "/up"; }, Kind::Adjusted, {"ready"}},
           {[](Config& c) { c.apps[0].stop.signal = 2; }, Kind::Adjusted, {"stop"}},
           {[](Config& c) { c.apps[0].stop.to = StopTo::Group; }, Kind::Adjusted, {"stop"}},
           {[](Config& c) { c.apps[0].path = "/a", c.apps[0].strip = true; },
            Kind::Adjusted,
            {"path", "strip"}},
           {[](Config& c) { c.apps[0].limits.hold_requests = 1; }, Kind::Adjusted, {"limits.hold_requests"}},
           {[](Config& c) { c.apps[0].listen = "127.0.0.1:8002"; }, Kind::Adjusted, {"listen"}},
           {[](Config& c) { c.apps[0].env["A"] = "b", c.apps[0].limits.max_upstream = 2; },
            Kind::Restarted,
            {"env", "limits.max_upstream"}}}) {
    const ConfigChange change = after(row.edit);
    REQUIRE(change.apps.size() == 1);
    CHECK(change.apps[0].app == "web");
    CHECK(change.apps[0].kind == row.kind);
    CHECK(change.apps[0].keys == row.keys);
    CHECK(change.listeners.empty());
    CHECK(change.restart.empty());
  }
}

TEST_CASE("change: apps come and go") {
  const ConfigChange change = after([](Config& c) {
    c.apps[0].name = "site";
    c.apps.erase(c.apps.begin() + 1);
  });
  REQUIRE(change.apps.size() == 3);
  CHECK(change.apps[0].kind == Kind::Removed);
  CHECK(change.apps[0].app == "web");
  CHECK(change.apps[1].app == "api");
  CHECK(change.apps[2].kind == Kind::Added);
  CHECK(change.apps[2].app == "site");
}

TEST_CASE("change: a listener's limits are named by their listener") {
  const ConfigChange change = after([](Config& c) { c.listeners[0].max_fields = 5; });
  CHECK(change.apps.empty());
  CHECK(change.listeners == Words{"listener.\"127.0.0.1:8000\".max_fields"});
}

TEST_CASE("change: one address of a list has settings of its own, which are named by it") {
  Config before = two_apps();
  before.apps[0].listen = "127.0.0.1:8000,unix:/run/web.sock";
  REQUIRE(complete(before, {}).empty());
  Config changed = before;
  REQUIRE(changed.listeners.size() == 3);
  REQUIRE(changed.listeners[2].text == "unix:/run/web.sock");
  changed.listeners[2].trusted = {"unix"};
  CHECK(compare(before, changed).listeners == Words{"listener.\"unix:/run/web.sock\".trusted"});
  CHECK(applicable(before, changed).listeners.size() == 3);
}

TEST_CASE("change: the log, the access log and the address of metrics are told by their keys, and applied") {
  const Config before = two_apps();
  Config changed = before;
  changed.front.metrics = "127.0.0.1:9145";
  changed.front.log = {LogFormat::Json, LogLevel::Warn, "access.log", AccessFormat::Json};
  const ConfigChange change = compare(before, changed);
  CHECK(change.front == Words{"front.metrics", "front.log.format", "front.log.level", "front.log.access",
                              "front.log.access_format"});
  CHECK(change.restart.empty());
  CHECK_FALSE(change.none());
  CHECK(applicable(before, changed).front.log == changed.front.log);
  CHECK(applicable(before, changed).front.metrics == changed.front.metrics);
}

TEST_CASE("change: what only a new start applies is told, and kept as it was") {
  const Config before = two_apps();
  Config changed = before;
  changed.front.workers = 9;
  changed.apps[0].mode = AppMode::Tcp;
  changed.apps[0].listen = "127.0.0.1:8002";
  changed.listeners[0].text = changed.listeners[0].listen = "127.0.0.1:8002";
  changed.apps[1].drain = Milliseconds(1);
  CHECK(compare(before, changed).restart == Words{"app.web.mode", "front.workers"});
  const Config kept = applicable(before, changed);
  CHECK(kept.front.workers == 0);
  CHECK(kept.apps[0].mode == AppMode::Http);
  CHECK(kept.apps[0].listen == "127.0.0.1:8000");
  CHECK(kept.apps[1].drain == Milliseconds(1));
  Words texts;
  for (const ListenerConfig& listener : kept.listeners) texts.push_back(listener.text);
  CHECK(texts == Words{"127.0.0.1:8001", "127.0.0.1:8000"});
}

}  // namespace berth
