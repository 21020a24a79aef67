// Hosts, paths, the order of starts, and what an app is watched with: every cross check tells its fault.
#include <doctest/doctest.h>

#include "config/validate.h"

namespace berth {
namespace {

/// Two apps that share a listener, one below /api.
Config two_apps() {
  Config config;
  AppConfig& web = config.apps.emplace_back();
  web.name = "web";
  web.command = {"x"};
  AppConfig& api = config.apps.emplace_back();
  api.name = "api";
  api.command = {"x"};
  api.path = "/api";
  return config;
}

std::string faults(Config& config) {
  std::string all;
  for (const auto& error : complete(config, {})) all += error.text() + "\n";
  return all;
}

struct Row {
  const char* says;
  void (*spoil)(AppConfig& web, AppConfig& api);
};

void check_rows(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.says);
    Config config = two_apps();
    REQUIRE(faults(config).empty());
    row.spoil(config.apps[0], config.apps[1]);
    const std::string told = faults(config);
    CHECK_MESSAGE(told.find(row.says) != std::string::npos, told);
  }
}

}  // namespace

TEST_CASE("routes: hosts become lower case, a path loses the slash at its end, one listener is shared") {
  Config config = two_apps();
  config.apps[0].hosts = {"App.Example.org", "*.Example.ORG", "[::1]", "localhost"};
  config.apps[1].path = "/api/";
  CHECK(faults(config).empty());
  CHECK(config.apps[0].hosts ==
        std::vector<std::string>{"app.example.org", "*.example.org", "[::1]", "localhost"});
  CHECK(config.apps[1].path == "/api");
  CHECK(config.listeners.size() == 1);
}

TEST_CASE("routes: what cannot be routed tells why") {
  check_rows({
      {"'app.example.org:80' is named with its port; write app.example.org",
       [](AppConfig& web, AppConfig&) { web.hosts = {"app.example.org:80"}; }},
      {"a * stands alone at the beginning",
       [](AppConfig& web, AppConfig&) { web.hosts = {"a*.example.org"}; }},
      {"is every host", [](AppConfig& web, AppConfig&) { web.hosts = {"*"}; }},
      {"'a..b' is not a host", [](AppConfig& web, AppConfig&) { web.hosts = {"a..b"}; }},
      {"'' is not a host", [](AppConfig& web, AppConfig&) { web.hosts = {""}; }},
      {"'api' does not begin with a slash; write /api", [](AppConfig&, AppConfig& api) { api.path = "api"; }},
      {"no empty segments", [](AppConfig&, AppConfig& api) { api.path = "/a//b"; }},
      {"no ? and no #", [](AppConfig&, AppConfig& api) { api.path = "/a?b"; }},
      {"nothing to strip from /", [](AppConfig& web, AppConfig&) { web.strip = true; }},
      {"app 'api' answers the same requests as 'web': / on 127.0.0.1:8000",
       [](AppConfig&, AppConfig& api) { api.path = "/"; }},
      {"answers the same requests as 'web': /caf%c3%a9 on 127.0.0.1:8000",
       [](AppConfig& web, AppConfig& api) {
         web.path = "/caf%C3%A9";
         api.path = "/caf%c3%a9";
       }},
      {"answers the same requests as 'web': a.example/api on 127.0.0.1:8000",
       [](AppConfig& web, AppConfig& api) {
         web.hosts = {"a.example"};
         web.path = "/api";
         api.hosts = {"b.example", "A.example"};
       }},
      {"has a host or a path, and nothing to listen on",
       [](AppConfig&, AppConfig& api) { api.listen.clear(), api.ready.kind = ReadyConfig::Kind::Started; }},
      {"bytes have no host and no path", [](AppConfig&, AppConfig& api) { api.mode = AppMode::Tcp; }},
      {"bytes cannot be told apart",
       [](AppConfig&, AppConfig& api) { api.mode = AppMode::Tcp, api.path = "/"; }},
      {"warm is for HTTP",
       [](AppConfig& web, AppConfig&) { web.mode = AppMode::Tcp, web.ready.warm = {"/"}; }},
  });
}

TEST_CASE("routes: one host or path more makes two apps of one listener fit") {
  Config config = two_apps();
  config.apps[0].hosts = {"a.example"};
  config.apps[1].path = "/";
  CHECK(faults(config).empty());
  config.apps[1].hosts = {"*.example"};
  CHECK(faults(config).empty());
}

TEST_CASE("start order: names that exist, and no circle") {
  check_rows({
      {"there is no app 'wbe'; did you mean 'web'?", [](AppConfig&, AppConfig& api) { api.after = {"wbe"}; }},
      {"app 'web' would wait for itself", [](AppConfig& web, AppConfig&) { web.after = {"web"}; }},
      {"would wait for itself",
       [](AppConfig& web, AppConfig& api) {
         web.after = {"api"};
         api.after = {"web"};
       }},
  });
  Config config = two_apps();
  config.apps[0].after = {"api"};
  CHECK(faults(config).empty());
}

TEST_CASE("a worker process has no port, and no check that would ask one") {
  const auto worker = [](AppConfig& app) {
    app.listen.clear();
    app.path = "/";
    app.ready.kind = ReadyConfig::Kind::Started;
  };
  Config config = two_apps();
  worker(config.apps[1]);
  CHECK(faults(config).empty());
  CHECK(config.apps[1].port.mode == PortMode::None);
  CHECK(config.listeners.size() == 1);
  check_rows({
      {"http=/ would ask in vain", [](AppConfig&, AppConfig& api) { api.listen.clear(), api.path = "/"; }},
      {"there is no {port}",
       [](AppConfig&, AppConfig& api) {
         api.listen.clear(), api.path = "/", api.ready.kind = ReadyConfig::Kind::Started;
         api.command = {"x", "{port}"};
       }},
      {"that it was started does not say that it answers",
       [](AppConfig&, AppConfig& api) { api.ready.kind = ReadyConfig::Kind::Started; }},
  });
}

TEST_CASE("watch: health, keep_old and hooks that can be kept") {
  check_rows({
      {"health asks again and again, which notify cannot",
       [](AppConfig& web, AppConfig&) {
         web.health.every = Milliseconds(1000);
         web.ready.kind = ReadyConfig::Kind::Notify;
       }},
      {"every and timeout must be longer than 0",
       [](AppConfig& web, AppConfig&) { web.health.every = Milliseconds(0); }},
      {"fall and rise must be at least 1", [](AppConfig& web, AppConfig&) { web.health.rise = 0; }},
      {"keep_old cannot be off", [](AppConfig& web, AppConfig&) { web.keep_old = kOff; }},
      {"with stop-start nothing old can be kept",
       [](AppConfig& web, AppConfig&) { web.keep_old = Milliseconds(1), web.swap = SwapOrder::StopStart; }},
      {"cannot be off", [](AppConfig& web, AppConfig&) { web.hooks.timeout = kOff; }},
      {"'failed' cannot be required", [](AppConfig& web, AppConfig&) { web.hooks.required = {"failed"}; }},
  });
}

}  // namespace berth
