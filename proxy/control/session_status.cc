// What the API says of the front as a whole: the status as JSON, or as metrics.
#include <algorithm>
#include <chrono>
#include <utility>

#include "proxy/control/json_map.h"
#include "proxy/control/metrics_text.h"
#include "proxy/control/session.h"

namespace berth::control {

namespace asio = boost::asio;

/// Nothing: the workers did not report in time.
asio::awaitable<std::optional<FrontStatus>> Session::ask_status() {
  auto answer = std::make_shared<std::optional<FrontStatus>>();
  service_->status([answer, weak = weak_from_this()](FrontStatus status) {
    *answer = std::move(status);
    if (auto self = weak.lock()) self->wake_.cancel();
  });
  auto deadline = std::chrono::steady_clock::now() + settings_.answer_timeout;
  while (!answer->has_value() && !gone_ && std::chrono::steady_clock::now() < deadline) {
    wake_.expires_at(deadline);
    co_await woken();
  }
  co_return std::move(*answer);
}

asio::awaitable<bool> Session::reply_status(const Request& request, ApiCallKind kind, std::string app) {
  std::optional<FrontStatus> front = co_await ask_status();
  if (!front) {
    co_return co_await refuse(request, 503, "no-answer", "berth did not answer in time",
                              "the workers did not report");
  }
  Reply found{200, {}, {}};
  if (kind == ApiCallKind::Metrics) {
    found.metrics = metrics_text(*front);
    found.type = kMetricsType;
  } else if (app.empty()) {
    found.body = to_json(*front);
  } else {
    auto same = [&](const AppStatus& each) { return each.name == app; };
    auto at = std::find_if(front->apps.begin(), front->apps.end(), same);
    // Asked for by a name that answer() knew: it can only be missing if the Service says so.
    if (at == front->apps.end()) found = {503, problem(503, "no-answer", "berth did not answer", app), {}};
    if (at != front->apps.end()) found.body = to_json(*at);
  }
  co_return co_await reply(request, std::move(found));
}

}  // namespace berth::control
