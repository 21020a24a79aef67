// Which of the API's calls a request is: method and target in, one value out. Knows neither HTTP's framing
// nor JSON. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::control {

enum class ApiCallKind : std::uint8_t {
  NotFound,     ///< no such path
  WrongMethod,  ///< the path is there; `allow` says with what
  BadQuery,     ///< `wrong` says why
  Status,       ///< GET /v1/status
  App,          ///< GET /v1/apps/NAME
  Report,       ///< GET /v1/apps/NAME/report
  Reports,      ///< GET /v1/apps/NAME/reports
  History,      ///< GET /v1/apps/NAME/history
  Logs,         ///< GET /v1/apps/NAME/logs
  Swap,         ///< POST /v1/apps/NAME/swap
  Restart,      ///< POST /v1/apps/NAME/restart
  Attach,       ///< POST /v1/apps/NAME/attach
  Detach,       ///< POST /v1/apps/NAME/detach
  Rollback,     ///< POST /v1/apps/NAME/rollback
  Pause,        ///< POST /v1/apps/NAME/pause
  Resume,       ///< POST /v1/apps/NAME/resume
  Cancel,       ///< POST /v1/apps/NAME/cancel
  Reload,       ///< POST /v1/reload
  Stop,         ///< POST /v1/stop
  Events,       ///< GET /v1/events
  Metrics,      ///< GET /metrics
};

struct ApiCall {
  ApiCallKind kind = ApiCallKind::NotFound;
  std::string app;
  bool follow = false;      ///< logs?follow=1
  std::uint64_t after = 0;  ///< logs?after=N: lines with a greater number
  std::size_t limit = 100;  ///< logs?limit=N: at most so many, the newest
  std::string allow;
  std::string wrong;
};

ApiCall read_api_call(std::string_view method, std::string_view target);

}  // namespace berth::control
