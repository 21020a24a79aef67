#include "proxy/control/session.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/json/array.hpp>
#include <charconv>
#include <utility>
#include <variant>

#include "config/json_text.h"
#include "config/version.h"
#include "proxy/control/json_map.h"
#include "proxy/control/json_read.h"
#include "proxy/control/metrics_text.h"

namespace berth::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
namespace json = boost::json;
using boost::system::error_code;

std::string view(beast::string_view text) { return std::string(text.data(), text.size()); }

// One chunk of RFC 9112 §7.1.
std::string chunk(std::string_view text) {
  char size[20];
  auto end = std::to_chars(size, size + sizeof size, text.size(), 16).ptr;
  std::string out(size, end);
  ((out += "\r\n") += text) += "\r\n";
  return out;
}

std::string head(const bhttp::request<bhttp::string_body>& request, int status, std::string_view fields) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out += view(bhttp::obsolete_reason(static_cast<bhttp::status>(status)));
  out += "\r\nServer: berth/" + std::string(kVersion) + "\r\n";
  if (!request.keep_alive()) out += "Connection: close\r\n";
  return (out += fields) += "\r\n";
}

SwapVerbKind swap_verb(ApiCallKind kind) {
  switch (kind) {
    case ApiCallKind::Restart:
      return SwapVerbKind::Restart;
    case ApiCallKind::Attach:
      return SwapVerbKind::Attach;
    case ApiCallKind::Detach:
      return SwapVerbKind::Detach;
    case ApiCallKind::Rollback:
      return SwapVerbKind::Rollback;
    default:
      return SwapVerbKind::Swap;
  }
}

}  // namespace

Session::Session(Socket socket, Service& service, const ServerSettings& settings)
    : stream_(std::move(socket)), wake_(stream_.get_executor()), service_(&service), settings_(settings) {
  wake_.expires_at(std::chrono::steady_clock::time_point::max());
}

asio::awaitable<void> Session::serve(std::shared_ptr<Session> self) {
  bool more = true;
  while (more && !self->finishing_ && !self->gone_) {
    Parser parser;
    parser.header_limit(self->settings_.max_head);
    parser.body_limit(self->settings_.max_body);
    self->stream_.expires_after(self->settings_.request_timeout);
    error_code error;
    co_await bhttp::async_read(self->stream_, self->buffer_, parser,
                               asio::redirect_error(asio::use_awaitable, error));
    if (error == bhttp::error::body_limit) {
      co_await self->refuse(parser.get(), 413, "too-large", "The body is too large",
                            "at most " + std::to_string(self->settings_.max_body) + " bytes");
      break;
    }
    if (error && error.category() == bhttp::make_error_code(bhttp::error::end_of_stream).category() &&
        error != bhttp::error::end_of_stream && error != bhttp::error::partial_message) {
      co_await self->refuse(parser.get(), 400, "malformed", "The request is malformed", error.message());
      break;
    }
    if (error || self->service_ == nullptr) break;
    Request request = parser.release();
    more = co_await self->answer(request);
    more = more && request.keep_alive();
  }
  self->handle_.reset();
  self->close();
}

bool Session::known(const std::string& app) const {
  auto apps = service_->apps();
  return std::find(apps.begin(), apps.end(), app) != apps.end();
}

asio::awaitable<bool> Session::answer(const Request& request) {
  ApiCall call = read_api_call(view(request.method_string()), view(request.target()));
  bool names_app = !call.app.empty();
  bool wrong = call.kind == ApiCallKind::NotFound || call.kind == ApiCallKind::WrongMethod;
  if (!wrong && names_app && !known(call.app)) {
    std::string list;
    for (const std::string& app : service_->apps()) list += (list.empty() ? "" : ", ") + app;
    co_return co_await refuse(request, 404, "no-such-app", "There is no such app",
                              "there is no app '" + call.app + "'; there are: " + list);
  }
  switch (call.kind) {
    case ApiCallKind::NotFound:
      co_return co_await refuse(request, 404, "no-such-path", "There is no such path",
                                "docs/api.md lists what there is under /v1");
    case ApiCallKind::WrongMethod:
      co_return co_await refuse(request, 405, "wrong-method", "This path takes another method",
                                "use " + call.allow, call.allow);
    case ApiCallKind::BadQuery:
      co_return co_await refuse(request, 400, "bad-query", "The query is not understood", call.wrong);
    case ApiCallKind::Status:
    case ApiCallKind::App:
    case ApiCallKind::Metrics:
      co_return co_await reply_status(request, call.kind, call.app);
    case ApiCallKind::Report: {
      auto reports = service_->reports(call.app);
      if (reports.empty()) {
        co_return co_await refuse(request, 404, "no-report", "There is no report yet",
                                  "app '" + call.app + "' has not begun its first start");
      }
      Reply newest{200, to_json(reports.front()), {}};
      co_return co_await reply(request, std::move(newest));
    }
    case ApiCallKind::Reports: {
      json::array list;
      for (const auto& report : service_->reports(call.app)) list.emplace_back(to_json(report));
      Reply all{200, {{"reports", std::move(list)}}, {}};
      co_return co_await reply(request, std::move(all));
    }
    case ApiCallKind::Pause: {
      auto read = pause_call_from(request.body());
      if (auto* what = std::get_if<std::string>(&read)) {
        co_return co_await refuse(request, 400, "bad-body", "The body is not understood", *what);
      }
      service_->pause(call.app, std::get<PauseRequest>(read));
      Reply done{200, {{"paused", true}}, {}};
      co_return co_await reply(request, std::move(done));
    }
    case ApiCallKind::Resume: {
      if (!service_->resume(call.app)) {
        co_return co_await refuse(request, 409, "not-paused", "Nothing to resume",
                                  "'" + call.app + "' is not paused");
      }
      Reply done{200, {{"paused", false}}, {}};
      co_return co_await reply(request, std::move(done));
    }
    case ApiCallKind::Cancel: {
      if (!service_->cancel(call.app)) {
        co_return co_await refuse(request, 409, "nothing-runs", "Nothing to cancel",
                                  "no swap of '" + call.app + "' is running");
      }
      Reply done{200, {{"cancelled", true}}, {}};
      co_return co_await reply(request, std::move(done));
    }
    case ApiCallKind::Logs:
      begin_logs(call);
      break;
    case ApiCallKind::Events:
      begin_events();
      break;
    case ApiCallKind::Reload:
      begin_reload();
      break;
    case ApiCallKind::Stop:
      begin_stop();
      break;
    case ApiCallKind::Swap:
    case ApiCallKind::Restart:
    case ApiCallKind::Attach:
    case ApiCallKind::Detach:
    case ApiCallKind::Rollback: {
      auto read = swap_call_from(request.body(), swap_verb(call.kind));
      if (auto* what = std::get_if<std::string>(&read)) {
        co_return co_await refuse(request, 400, "bad-body", "The body is not understood", *what);
      }
      auto& swap = std::get<SwapCall>(read);
      begin_swap(call.app, std::move(swap.request), swap.wait == WaitFor::Switch);
      break;
    }
  }
  co_return co_await stream(request);
}

asio::awaitable<bool> Session::refuse(const Request& request, int status, std::string type, std::string title,
                                      std::string detail, std::string allow) {
  Reply refusal{status, problem(status, type, title, detail), std::move(allow)};
  co_return co_await reply(request, std::move(refusal));
}

asio::awaitable<bool> Session::reply(const Request& request, Reply reply) {
  std::string body = reply.metrics.empty() ? json_text(reply.body) + "\n" : std::move(reply.metrics);
  std::string fields = "Content-Type: " + std::string(reply.type) + "\r\n";
  if (reply.status >= 400) fields = "Content-Type: application/problem+json\r\n";
  if (!reply.allow.empty()) fields += "Allow: " + reply.allow + "\r\n";
  fields += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  // RFC 9110 §9.3.2: the fields of the answer to a GET, and nothing behind them.
  if (request.method() == bhttp::verb::head) body.clear();
  co_return co_await write(head(request, reply.status, fields) + body);
}

asio::awaitable<bool> Session::reply_status(const Request& request, ApiCallKind kind, std::string app) {
  auto front = std::make_shared<std::optional<FrontStatus>>();
  service_->status([front, weak = weak_from_this()](FrontStatus status) {
    *front = std::move(status);
    if (auto self = weak.lock()) self->wake_.cancel();
  });
  auto deadline = std::chrono::steady_clock::now() + settings_.answer_timeout;
  while (!front->has_value() && !gone_ && std::chrono::steady_clock::now() < deadline) {
    wake_.expires_at(deadline);
    co_await woken();
  }
  if (!front->has_value()) {
    co_return co_await refuse(request, 503, "no-answer", "berth did not answer in time",
                              "the workers did not report");
  }
  Reply found{200, {}, {}};
  if (kind == ApiCallKind::Metrics) {
    found.metrics = metrics_text(**front);
    found.type = kMetricsType;
  } else if (app.empty()) {
    found.body = to_json(**front);
  } else {
    auto same = [&](const AppStatus& each) { return each.name == app; };
    auto at = std::find_if((*front)->apps.begin(), (*front)->apps.end(), same);
    // Asked for by a name that answer() knew: it can only be missing if the Service says so.
    if (at == (*front)->apps.end()) found = {503, problem(503, "no-answer", "berth did not answer", app), {}};
    if (at != (*front)->apps.end()) found.body = to_json(*at);
  }
  co_return co_await reply(request, std::move(found));
}

void Session::push(const json::object& line) {
  if (gone_) return;
  std::string text = json_text(line) + "\n";
  queued_ += text.size();
  if (queued_ > settings_.max_queued && streaming_ && handle_) {
    // It reads slower than things happen: nothing waits for it.
    gone_ = true;
    close();
  } else {
    queue_.push_back(std::move(text));
  }
  wake_.cancel();
}

void Session::end_stream() {
  ended_ = true;
  wake_.cancel();
}

asio::awaitable<bool> Session::stream(const Request& request) {
  bool chunked = request.version() >= 11;
  std::string first = head(request, 200,
                           chunked ? "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
                                   : "Content-Type: application/x-ndjson\r\n");
  watch_for_end();
  bool fine = co_await write(std::move(first));
  while (fine && !gone_) {
    if (!queue_.empty()) {
      std::string text;
      for (const std::string& line : queue_) text += line;
      queue_.clear();
      queued_ = 0;
      if (chunked) text = chunk(text);
      fine = co_await write(std::move(text));
      continue;
    }
    if (ended_) break;
    wake_.expires_at(std::chrono::steady_clock::time_point::max());
    co_await woken();
  }
  bool complete = fine && ended_;
  handle_.reset();
  streaming_ = false;
  ended_ = false;
  if (!complete) co_return false;
  if (!chunked) co_return false;
  std::string last = "0\r\n\r\n";
  co_return co_await write(std::move(last));
}

asio::awaitable<void> Session::woken() {
  error_code ignored;
  co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<bool> Session::write(std::string bytes) {
  if (gone_) co_return false;
  stream_.expires_after(settings_.write_timeout);
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  stream_.expires_never();
  if (error) gone_ = true;
  co_return !error;
}

void Session::watch_for_end() {
  if (std::exchange(watched_, true)) return;
  // A hang-up, not an end of what it sends: a client may be done with asking and still want its answer.
  stream_.socket().async_wait(Socket::wait_error, [weak = weak_from_this()](error_code error) {
    auto self = weak.lock();
    if (!self || error) return;
    self->gone_ = true;
    self->wake_.cancel();
  });
}

void Session::finish() {
  finishing_ = true;
  // A stream that has its last line is written to the end; one that waits would wait for ever.
  if (streaming_ && !ended_) end_stream();
  if (!streaming_) {
    error_code ignored;
    stream_.socket().cancel(ignored);
  }
  wake_.cancel();
}

void Session::abandon() {
  service_ = nullptr;
  gone_ = true;
  handle_.reset();
  close();
  wake_.cancel();
}

void Session::close() {
  error_code ignored;
  stream_.socket().shutdown(Socket::shutdown_both, ignored);
  stream_.close();
}

}  // namespace berth::control
