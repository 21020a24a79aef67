// The answers that go on for a while: swaps, reloads, stops and logs, a JSON object a line.
#include "proxy/control/session.h"

#include "proxy/control/json_map.h"

namespace berth::control {

namespace json = boost::json;

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
  service_->stop([weak = weak_from_this()](const SwapResult& result) {
    auto self = weak.lock();
    if (!self || !self->streaming_) return;
    self->push(to_json(result));
    self->end_stream();
  });
}

void Session::begin_logs(const ApiCall& call) {
  streaming_ = true;
  last_line_ = call.after;
  for (const LogLine& line : service_->log_lines(call.app, call.after, call.limit)) push_log(line);
  if (!call.follow) return end_stream();
  // Nothing runs between the two calls on this loop, so no line is missed and none comes twice.
  struct Handles {
    std::shared_ptr<void> lines;
    std::shared_ptr<void> events;
  };
  auto handles = std::make_shared<Handles>();
  handles->lines = service_->follow_log(call.app, [weak = weak_from_this()](const LogLine& line) {
    if (auto self = weak.lock(); self && self->streaming_) self->push_log(line);
  });
  // An app that is taken away has written its last line.
  handles->events = service_->follow_events([weak = weak_from_this(), app = call.app](const Event& event) {
    const auto* state = std::get_if<Event::State>(&event.what);
    const bool gone = state != nullptr && state->state == kGone && event.app == app;
    if (auto self = weak.lock(); gone && self && self->streaming_) self->end_stream();
  });
  handle_ = std::move(handles);
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

}  // namespace berth::control
