// The answers that go on for a while: swaps, reloads, stops and logs, a JSON object a line.
#include "proxy/control/session.h"

#include <charconv>
#include <utility>

#include "config/json_text.h"
#include "config/terminal_text.h"
#include "proxy/control/json_map.h"

namespace berth::control {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::system::error_code;

constexpr std::size_t kMostLines = 10'000;  ///< of a log, looked at in one go

// One chunk of RFC 9112 §7.1.
std::string chunk(std::string_view text) {
  char size[20];
  auto end = std::to_chars(size, size + sizeof size, text.size(), 16).ptr;
  std::string out(size, end);
  ((out += "\r\n") += text) += "\r\n";
  return out;
}

bool waits_for_result(ApiCallKind kind) {
  switch (kind) {
    case ApiCallKind::Swap:
    case ApiCallKind::Restart:
    case ApiCallKind::Attach:
    case ApiCallKind::Detach:
    case ApiCallKind::Rollback:
    case ApiCallKind::Reload:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Session::take_place(const ApiCall& call) {
  const bool follows = call.kind == ApiCallKind::Events || (call.kind == ApiCallKind::Logs && call.follow);
  // The rest ends by itself, or ends berth.
  if (!follows && !waits_for_result(call.kind)) return true;
  if (streams_->all >= settings_.max_streams) return false;
  if (follows && streams_->followers >= settings_.max_followers) return false;
  streams_->all += 1;
  streams_->followers += follows ? 1 : 0;
  place_ = std::shared_ptr<void>(nullptr, [streams = streams_, follows](void*) {
    streams->all -= 1;
    streams->followers -= follows ? 1 : 0;
  });
  return true;
}

void Session::begin_swap(const std::string& app, SwapRequest request, bool until_switch) {
  streaming_ = true;
  auto with = [weak = weak_from_this()](auto use) {
    return [weak, use](const auto& value) {
      auto self = weak.lock();
      if (self && self->streaming_ && !self->ended_) use(*self, value);
    };
  };
  SwapWatch watch;
  watch.on_queued = with([](Session& s, const std::string& text) {
    s.push({{"event", "queued"}, {"text", text}});
  });
  watch.on_phase = with([](Session& s, const observe::PhaseRecord& phase) {
    json::object line{{"event", "phase"}};
    for (auto& member : to_json(phase)) line.insert(member);
    s.push(line);
  });
  watch.on_switched = with([until_switch](Session& s, const observe::SwapReport& report) {
    json::object line{{"event", "switched"}, {"report", to_json(report)}};
    if (until_switch)
      line = {{"event", "result"},
              {"result", "switched"},
              {"exit_code", 0},
              {"reason", ""},
              {"report", to_json(report)}};
    s.push(line);
    if (until_switch) s.end_stream();
  });
  watch.on_result = with([](Session& s, const SwapResult& result) {
    s.push(to_json(result));
    s.end_stream();
  });
  handle_ = service_->swap(app, std::move(request), std::move(watch));
}

void Session::begin_reload() {
  streaming_ = true;
  ReloadWatch watch;
  watch.on_change = [weak = weak_from_this()](const std::string& text) {
    auto self = weak.lock();
    if (self && self->streaming_ && !self->ended_) self->push({{"event", "change"}, {"text", text}});
  };
  watch.on_result = [weak = weak_from_this()](const SwapResult& result) {
    auto self = weak.lock();
    if (!self || !self->streaming_ || self->ended_) return;
    self->push(to_json(result));
    self->end_stream();
  };
  service_->reload(std::move(watch));
}

void Session::begin_stop() {
  streaming_ = true;
  StopWatch watch;
  watch.on_waiting = [weak = weak_from_this()](const std::string& text) {
    auto self = weak.lock();
    if (self && self->streaming_ && !self->ended_) self->push({{"event", "waiting"}, {"text", text}});
  };
  watch.on_result = [weak = weak_from_this()](const SwapResult& result) {
    auto self = weak.lock();
    if (!self || !self->streaming_) return;
    self->push(to_json(result));
    self->end_stream();
  };
  service_->stop(std::move(watch));
}

void Session::begin_logs(const ApiCall& call) {
  streaming_ = true;
  log_call_ = call;
  last_line_ = call.after;
  // The newest come in pieces, as they are taken: what is queued has a bound.
  const std::vector<LogLine> lines = service_->log_lines(call.app, call.after, call.limit);
  until_line_ = lines.empty() ? call.after : lines.back().number;
  if (!lines.empty()) last_line_ = lines.front().number - 1;
  log_goes_on_ = true;
  if (!call.follow) return;
  // Nothing runs between the two calls on this loop, so no line is missed and none comes twice.
  struct Handles {
    std::shared_ptr<void> lines;
    std::shared_ptr<void> events;
  };
  auto handles = std::make_shared<Handles>();
  handles->lines = service_->follow_log(call.app, [weak = weak_from_this()](const LogLine& line) {
    auto self = weak.lock();
    if (!self || !self->streaming_) return;
    // One that waits for those before it is found where they are.
    if (self->log_goes_on_)
      self->until_line_ = line.number;
    else
      self->push_log(line);
  });
  // An app that is taken away has written its last line.
  handles->events = service_->follow_events([weak = weak_from_this(), app = call.app](const Event& event) {
    const auto* state = std::get_if<Event::State>(&event.what);
    const bool gone = state != nullptr && state->state == kGone && event.app == app;
    if (auto self = weak.lock(); gone && self && self->streaming_) self->end_stream();
  });
  handle_ = std::move(handles);
}

void Session::push_more_log() {
  log_goes_on_ = false;
  for (const LogLine& line : service_->log_lines(log_call_.app, last_line_, kMostLines)) {
    if (line.number > until_line_) break;
    push_log(line);
    if (queued_ < settings_.max_queued / 2) continue;
    log_goes_on_ = line.number < until_line_;
    break;
  }
  if (!log_goes_on_ && !log_call_.follow) end_stream();
}

void Session::begin_events() {
  streaming_ = true;
  handle_ = service_->follow_events([weak = weak_from_this()](const Event& event) {
    if (auto self = weak.lock(); self && self->streaming_ && !self->ended_) self->push(to_json(event));
  });
}

void Session::push_log(const LogLine& line) {
  if (line.number <= last_line_) return;
  last_line_ = line.number;
  push(to_json(line));
}

void Session::push(const json::object& line) {
  if (gone_) return;
  std::string text = terminal_json(json_text(line)) + "\n";
  queued_ += text.size();
  if (queued_ > settings_.max_queued && streaming_) {
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
  std::string first =
      head(200, chunked ? "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
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
    if (log_goes_on_) {
      push_more_log();
      continue;
    }
    if (ended_) break;
    wake_.expires_at(std::chrono::steady_clock::time_point::max());
    co_await woken();
  }
  bool complete = fine && ended_;
  handle_.reset();
  place_.reset();
  streaming_ = false;
  log_goes_on_ = false;
  ended_ = false;
  if (!complete) co_return false;
  if (!chunked) co_return false;
  std::string last = "0\r\n\r\n";
  co_return co_await write(std::move(last));
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

}  // namespace berth::control
