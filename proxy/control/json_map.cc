#include "proxy/control/json_map.h"

#include <array>
#include <boost/json/array.hpp>
#include <utility>

#include "config/duration_text.h"
#include "config/json_text.h"
#include "config/limit_keys.h"
#include "config/mode_text.h"
#include "config/trusted.h"
#include "proxy/control/json_drain.h"

namespace berth::control {
namespace {

namespace json = boost::json;
using observe::PhaseName;
using observe::PhaseRecord;
using observe::PhaseState;
using observe::SwapCause;
using observe::SwapOutcome;
using observe::SwapReport;

constexpr std::array<std::string_view, 6> kPhases{"start", "ready", "switch", "drain", "stop", "release"};
constexpr std::array<std::string_view, 3> kPhaseStates{"running", "done", "failed"};
constexpr std::array<std::string_view, 11> kCauses{"first-start", "swap",   "restart", "crash",
                                                   "shutdown",    "attach", "detach",  "rollback",
                                                   "health",      "key",    "reload"};
constexpr std::array<std::string_view, 5> kOutcomes{"running", "done", "failed", "cancelled", "unreleased"};
constexpr std::array<std::string_view, 5> kResults{"done", "failed", "refused", "superseded", "unreleased"};

constexpr std::array<std::string_view, 5> kServed{"serving", "replaced", "crashed", "unhealthy", "detached"};

template <class Enum, std::size_t N>
std::string_view word_of(const std::array<std::string_view, N>& words, Enum value) {
  auto index = static_cast<std::size_t>(value);
  return index < N ? words[index] : "unknown";
}

// What backends write need not be UTF-8, JSON must be.
json::string clean(std::string_view text) { return json::string(utf8_text(text)); }

json::array strings(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(clean(value));
  return array;
}

json::object variables(const std::map<std::string, std::string>& values) {
  json::object object;
  for (const auto& [name, value] : values) object[name] = clean(value);
  return object;
}

template <class Values>
json::array objects(const Values& values) {
  json::array array;
  for (const auto& value : values) array.emplace_back(to_json(value));
  return array;
}

json::object counters_json(const http::Counters& c) {
  return {{"requests", c.requests},
          {"failed", c.failed},
          {"held_total", c.held_total},
          {"retried", c.retried},
          {"held", c.held},
          {"in_flight", c.in_flight},
          {"connections", c.connections},
          {"upstream_idle", c.upstream_idle},
          {"upstream_active", c.upstream_active},
          {"tunnels", c.tunnels}};
}

json::object recent_json(const RecentStatus& r) {
  return {{"window_ms", r.window_ms},
          {"answered", r.answered},
          {"p50_us", r.p50_us},
          {"p99_us", r.p99_us},
          {"max_us", r.max_us}};
}

json::object generation_json(const GenerationStatus& g) {
  json::array tree;
  for (int pid : g.tree) tree.emplace_back(pid);
  const bool placed = g.endpoint.port != 0 || !g.endpoint.path.empty();
  return {{"generation", g.generation.number},
          {"state", clean(g.state)},
          {"pid", g.pid},
          {"tree", std::move(tree)},
          {"endpoint", placed ? g.endpoint.text() : ""},
          {"age_ms", g.age_ms},
          {"holders", g.holders},
          {"left_ms", g.left_ms},
          {"command", strings(g.command)}};
}

void add_limits(json::object& object, const ListenerConfig& listener) {
  for (const auto& key : listener_limit_keys()) object[key.name] = limit_text(listener, key);
  object["trusted"] = trusted_text(listener.trusted);
}

json::array listeners_json(const AppStatus& app) {
  json::array all;
  for (const ListenerConfig& each : app.listeners) {
    json::object object{{"address", clean(each.text)}};
    add_limits(object, each);
    all.push_back(std::move(object));
  }
  return all;
}

json::object limits_json(const AppStatus& app) {
  json::object limits;
  for (const auto& key : app_limit_keys()) limits[key.name] = limit_text(app.limits, key);
  add_limits(limits, app.listeners.empty() ? ListenerConfig() : app.listeners.front());
  limits["drain"] = duration_text(app.drain);
  limits["ready_timeout"] = duration_text(app.ready_timeout);
  limits["stop_grace"] = duration_text(app.stop_grace);
  limits["stop_to"] = stop_to_text(app.stop_to);
  limits["max_retiring"] = std::to_string(app.max_retiring);
  return limits;
}

std::string_view order_text(SwapOrder order) {
  return order == SwapOrder::StopStart ? "stop-start" : "overlap";
}

}  // namespace

std::string_view word(PhaseName name) { return word_of(kPhases, name); }
std::string_view word(PhaseState state) { return word_of(kPhaseStates, state); }
std::string_view word(SwapCause cause) { return word_of(kCauses, cause); }
std::string_view word(SwapOutcome outcome) { return word_of(kOutcomes, outcome); }
std::string_view word(SwapResult::Kind kind) { return word_of(kResults, kind); }

std::string_view word(observe::ServedOutcome outcome) { return word_of(kServed, outcome); }

int exit_code(SwapResult::Kind kind) {
  switch (kind) {
    case SwapResult::Kind::Done:
      return 0;
    case SwapResult::Kind::Failed:
    case SwapResult::Kind::Refused:
    case SwapResult::Kind::Superseded:
      return 1;
    case SwapResult::Kind::Unreleased:
      return 5;
  }
  return 1;
}

json::object to_json(const PhaseRecord& phase) {
  return {{"generation", phase.generation.number},
          {"phase", word(phase.name)},
          {"state", word(phase.state)},
          {"took_us", phase.took.count()},
          {"detail", clean(phase.detail)}};
}

json::object to_json(const SwapReport& r) {
  return {{"id", r.id},
          {"app", clean(r.app)},
          {"cause", word(r.cause)},
          {"outcome", word(r.outcome)},
          {"reason", clean(r.reason)},
          {"hint", clean(r.hint)},
          {"order", order_text(r.order)},
          {"from", r.from.number},
          {"to", r.to.number},
          {"back", r.back.number},
          {"command", strings(r.command)},
          {"external", clean(r.external)},
          {"dir", clean(r.dir)},
          {"started_unix_ms", r.started_unix_ms},
          {"serving_after_us", r.serving_after.count()},
          {"took_us", r.took.count()},
          {"retiring", r.retiring},
          {"phases", objects(r.phases)},
          {"notes", strings(r.notes)},
          {"last_lines", strings(r.last_lines)},
          {"requests_failed", r.requests_failed},
          {"requests_held", r.requests_held},
          {"requests_cut", r.requests_cut},
          {"drained", to_json(r.drained)}};
}

json::object to_json(const AppStatus& app) {
  json::array generations;
  for (const GenerationStatus& each : app.generations) generations.emplace_back(generation_json(each));
  return {{"name", clean(app.name)},
          {"addresses", strings(app.addresses)},
          {"state", clean(app.state)},
          {"waits_for", clean(app.waits_for)},
          {"command", strings(app.command)},
          {"external", clean(app.external)},
          {"swap", order_text(app.order)},
          {"dir", clean(app.dir)},
          {"ready", clean(app.ready)},
          {"health", clean(app.health)},
          {"pause",
           {{"paused", app.pause.paused},
            {"since_unix_ms", app.pause.since_unix_ms},
            {"left_ms", app.pause.left_ms},
            {"message", clean(app.pause.message)}}},
          {"generations", std::move(generations)},
          {"counters", counters_json(app.counters)},
          {"recent", recent_json(app.recent)},
          {"limits", limits_json(app)},
          {"listeners", listeners_json(app)},
          {"swap_queued", app.swap_queued}};
}

json::object to_json(const FrontStatus& front) {
  return {{"version", clean(front.version)},
          {"pid", front.pid},
          {"dir", clean(front.dir)},
          {"workers", front.workers},
          {"uptime_ms", front.uptime_ms},
          {"log_dropped", front.log_dropped},
          {"access_log_dropped", front.access_log_dropped},
          {"apps", objects(front.apps)}};
}

json::object to_json(const LogLine& line) {
  json::object object{{"number", line.number},
                      {"unix_ms", line.unix_ms},
                      {"generation", line.generation.number},
                      {"stream", line.is_remark   ? "berth"
                                 : line.is_stderr ? "stderr"
                                                  : "stdout"}};
  if (!line.hook.empty()) object["hook"] = line.hook;
  object["text"] = clean(line.text);
  return object;
}

json::object to_json(const Event& event) {
  struct Members {
    json::object operator()(const Event::State& what) const {
      return {{"event", "state"}, {"state", what.state}};
    }
    json::object operator()(const observe::PhaseRecord& phase) const {
      json::object object{{"event", "phase"}};
      for (auto& member : to_json(phase)) object.insert(member);
      return object;
    }
    json::object operator()(const observe::SwapReport& report) const {
      return {{"event", "report"}, {"report", to_json(report)}};
    }
    json::object operator()(const Event::Change& what) const {
      return {{"event", "change"}, {"text", clean(what.text)}};
    }
    json::object operator()(const Event::Reloaded& what) const {
      json::object object = to_json(what.result);
      object["event"] = "reload";
      return object;
    }
  };
  json::object object = std::visit(Members{}, event.what);
  object["unix_ms"] = event.unix_ms;
  if (!event.app.empty()) object["app"] = event.app;
  return object;
}

json::object to_json(const SwapResult& result) {
  json::object object{{"event", "result"},
                      {"result", word(result.kind)},
                      {"exit_code", exit_code(result.kind)},
                      {"reason", clean(result.reason)}};
  if (result.report) object["report"] = to_json(*result.report);
  return object;
}

json::object history_json(const std::vector<observe::ServedCommand>& rows) {
  json::array list;
  for (const observe::ServedCommand& row : rows)
    list.push_back(json::object{{"number", row.number},
                                {"command", strings(row.command)},
                                {"external", clean(row.external)},
                                {"dir", clean(row.dir)},
                                {"env", strings(row.env)},
                                {"first_generation", row.first.number},
                                {"last_generation", row.last.number},
                                {"since_unix_ms", row.since_unix_ms},
                                {"until_unix_ms", row.until_unix_ms},
                                {"outcome", word(row.outcome)},
                                {"detail", clean(row.detail)}});
  return {{"history", std::move(list)}};
}

json::object to_json(const PauseRequest& request) {
  json::object object;
  if (!request.message.empty()) object["message"] = clean(request.message);
  if (request.max != kOff) object["max"] = duration_text(request.max);
  return object;
}

json::object to_json(const SwapRequest& request) {
  json::object object;
  if (!request.command.empty()) object["command"] = strings(request.command);
  if (request.to) object["to"] = clean(request.to->text());
  if (request.only) object["only"] = clean(request.only->text());
  if (request.released_within.count() != 0)
    object["released_within"] = duration_text(request.released_within);
  if (!request.dir.empty()) object["dir"] = clean(request.dir);
  if (!request.env.empty()) object["env"] = variables(request.env);
  if (request.back_to != 0) object["to"] = request.back_to;
  if (!request.queue) object["queue"] = false;
  return object;
}

json::object problem(int status, std::string_view type, std::string_view title, std::string_view detail) {
  json::object object{{"type", "urn:berth:" + std::string(type)}, {"title", title}};
  if (status != 0) object.emplace("status", status);
  object.emplace("detail", clean(detail));
  return object;
}

}  // namespace berth::control
