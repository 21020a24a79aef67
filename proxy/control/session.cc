#include "proxy/control/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
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
#include "config/terminal_text.h"
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

// What the client has done wrong, who is there to be told.
bool is_fault(error_code error) {
  return error && error.category() == bhttp::make_error_code(bhttp::error::end_of_stream).category() &&
         error != bhttp::error::end_of_stream && error != bhttp::error::partial_message;
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

asio::awaitable<void> linger(beast::basic_stream<asio::local::stream_protocol>& stream,
                             std::chrono::milliseconds time) {
  error_code error;
  stream.socket().shutdown(Session::Socket::shutdown_send, error);
  std::array<char, 4096> dropped;
  stream.expires_after(time);  // for all of it
  while (!error)
    co_await stream.async_read_some(asio::buffer(dropped), asio::redirect_error(asio::use_awaitable, error));
}

Session::Session(Socket socket, Service& service, const ServerSettings& settings,
                 std::shared_ptr<Streams> streams)
    : stream_(std::move(socket)),
      buffer_(std::size_t{2} * settings.max_head),
      wake_(stream_.get_executor()),
      service_(&service),
      settings_(settings),
      streams_(std::move(streams)) {
  wake_.expires_at(std::chrono::steady_clock::time_point::max());
}

asio::awaitable<void> Session::serve(std::shared_ptr<Session> self) {
  bool more = true;
  while (more && !self->finishing_ && !self->gone_) {
    Parser parser;
    parser.header_limit(self->settings_.max_head);
    parser.body_limit(self->settings_.max_body);
    self->stream_.expires_after(self->settings_.request_timeout);
    self->silent_since_ = std::chrono::steady_clock::now();
    error_code error;
    co_await bhttp::async_read(self->stream_, self->buffer_, parser,
                               asio::redirect_error(asio::use_awaitable, error));
    self->silent_since_.reset();
    if (error || self->service_ == nullptr) {
      if (is_fault(error)) co_await self->refuse_unread(parser.get(), error);
      break;
    }
    Request request = parser.release();
    more = request.keep_alive();
    self->last_ = !more;
    const bool fine = co_await self->answer(request);
    more = more && fine;
    ++self->answered_;
    self->place_.reset();
  }
  self->handle_.reset();
  self->place_.reset();
  self->close();
}

asio::awaitable<void> Session::refuse_unread(const Request& request, error_code error) {
  last_ = true;
  bool told = false;
  if (error == bhttp::error::body_limit) {
    told = co_await refuse(request, 413, "too-large", "The body is too large",
                           "at most " + std::to_string(settings_.max_body) + " bytes");
  } else if (error == bhttp::error::header_limit) {
    told = co_await refuse(request, 431, "too-large", "The head of the request is too large",
                           "at most " + std::to_string(settings_.max_head) + " bytes");
  } else if (error == bhttp::error::buffer_overflow) {
    told = co_await refuse(request, 400, "malformed", "The request is malformed",
                           "a line of the chunked body, or its trailer, has no end within " +
                               std::to_string(buffer_.max_size()) + " bytes");
  } else {
    told = co_await refuse(request, 400, "malformed", "The request is malformed", error.message());
  }
  if (told) co_await linger(stream_, settings_.linger_timeout);
}

std::string Session::head(int status, std::string_view fields) const {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out += view(bhttp::obsolete_reason(static_cast<bhttp::status>(status)));
  out += "\r\nServer: berth/" + std::string(kVersion) + "\r\n";
  if (last_) out += "Connection: close\r\n";
  return (out += fields) += "\r\n";
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
  if (!take_place(call)) {
    co_return co_await refuse(request, 503, "busy", "Too many clients wait",
                              "this berth already tells " + std::to_string(streams_->all) +
                                  " clients how things go on: end one of them, or try again");
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
    case ApiCallKind::History: {
      Reply all{200, history_json(service_->history(call.app)), {}};
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
  std::string body =
      reply.metrics.empty() ? terminal_json(json_text(reply.body)) + "\n" : std::move(reply.metrics);
  std::string fields = "Content-Type: " + std::string(reply.type) + "\r\n";
  if (reply.status >= 400) fields = "Content-Type: application/problem+json\r\n";
  if (!reply.allow.empty()) fields += "Allow: " + reply.allow + "\r\n";
  fields += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  // RFC 9110 §9.3.2: the fields of the answer to a GET, and nothing behind them.
  if (request.method() == bhttp::verb::head) body.clear();
  co_return co_await write(head(reply.status, fields) + body);
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

asio::awaitable<void> Session::woken() {
  error_code ignored;
  co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<bool> Session::write(std::string bytes) {
  if (gone_) co_return false;
  stream_.expires_after(settings_.write_timeout);
  writing_since_ = std::chrono::steady_clock::now();
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  writing_since_.reset();
  stream_.expires_never();
  if (error) gone_ = true;
  co_return !error;
}

std::optional<std::chrono::steady_clock::time_point> Session::idle_since() {
  if (!writing_since_) return silent_since_;
  // A write that has ended may not have been told yet: its client is none that takes nothing.
  pollfd room{.fd = stream_.socket().native_handle(), .events = POLLOUT, .revents = 0};
  return ::poll(&room, 1, 0) == 0 ? writing_since_ : std::nullopt;
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
