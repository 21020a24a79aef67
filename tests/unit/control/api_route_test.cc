#include "proxy/control/api_route.h"

#include <doctest/doctest.h>

namespace berth::control {

TEST_CASE("routes: every call of the API, and nothing else") {
  struct Row {
    const char* method;
    const char* target;
    ApiCallKind kind;
    const char* app;
  };
  using K = ApiCallKind;
  for (const Row& row : {Row{"GET", "/v1/status", K::Status, ""},
                         {"GET", "/v1/apps/web", K::App, "web"},
                         {"GET", "/v1/apps/web/report", K::Report, "web"},
                         {"GET", "/v1/apps/web/reports", K::Reports, "web"},
                         {"GET", "/v1/apps/web/logs", K::Logs, "web"},
                         {"POST", "/v1/apps/web/swap", K::Swap, "web"},
                         {"POST", "/v1/apps/web/restart", K::Restart, "web"},
                         {"POST", "/v1/apps/web/attach", K::Attach, "web"},
                         {"POST", "/v1/apps/web/detach", K::Detach, "web"},
                         {"POST", "/v1/apps/web/rollback", K::Rollback, "web"},
                         {"POST", "/v1/apps/web/pause", K::Pause, "web"},
                         {"GET", "/v1/events", K::Events, ""},
                         {"POST", "/v1/apps/web/resume", K::Resume, "web"},
                         {"POST", "/v1/apps/web/cancel", K::Cancel, "web"},
                         {"POST", "/v1/stop", K::Stop, ""},
                         {"GET", "/metrics", K::Metrics, ""},
                         {"POST", "/metrics", K::WrongMethod, ""},
                         {"GET", "/metrics/", K::NotFound, ""},
                         {"GET", "/v1/stop", K::WrongMethod, ""},
                         {"POST", "/v1/status", K::WrongMethod, ""},
                         {"DELETE", "/v1/apps/web", K::WrongMethod, "web"},
                         {"GET", "/", K::NotFound, ""},
                         {"GET", "/v1", K::NotFound, ""},
                         {"GET", "/v1/apps/web/", K::NotFound, "web"},
                         {"GET", "/v1/apps/web/other", K::NotFound, "web"},
                         {"GET", "/v1/apps/web/logs/x", K::NotFound, "web"},
                         {"GET", "http://x/v1/status", K::NotFound, ""}}) {
    CAPTURE(row.target);
    ApiCall call = read_api_call(row.method, row.target);
    CHECK(call.kind == row.kind);
    CHECK(call.app == row.app);
    if (call.kind == K::WrongMethod) CHECK(call.allow == (row.method == std::string("GET") ? "POST" : "GET"));
  }
}

TEST_CASE("routes: the query of logs is read, and any other is refused") {
  ApiCall call = read_api_call("GET", "/v1/apps/web/logs?follow=1&after=17&limit=5");
  CHECK(call.kind == ApiCallKind::Logs);
  CHECK(call.follow);
  CHECK(call.after == 17);
  CHECK(call.limit == 5);
  for (const char* target :
       {"/v1/apps/web/logs?follow=yes", "/v1/apps/web/logs?after=-1", "/v1/apps/web/logs?limit=10001",
        "/v1/apps/web/logs?limit=", "/v1/apps/web/logs?colour=1", "/v1/status?x=1"}) {
    CAPTURE(target);
    CHECK(read_api_call("GET", target).kind == ApiCallKind::BadQuery);
  }
}

}  // namespace berth::control
