#include "proxy/control/json_read.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <charconv>
#include <utility>

#include "config/duration_text.h"
#include "config/limit_keys.h"
#include "config/mode_text.h"
#include "config/port_mode.h"
#include "config/terminal_text.h"
#include "proxy/control/json_drain.h"
#include "proxy/control/json_map.h"
#include "proxy/control/json_reader.h"

namespace berth::control {
namespace {

namespace json = boost::json;
using observe::PhaseRecord;
using observe::SwapReport;

// The value that has this word; a word of a newer berth is `otherwise`.
template <class Enum>
Enum from_word(std::string_view text, Enum otherwise) {
  for (int i = 0; word(static_cast<Enum>(i)) != "unknown"; ++i) {
    if (word(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  }
  return otherwise;
}

std::string text_of(const json::value& value) {
  return {value.get_string().data(), value.get_string().size()};
}

http::Counters counters_from(const json::object& object) {
  ObjectReader read(object);
  http::Counters c;
  read.number("requests", c.requests);
  read.number("failed", c.failed);
  read.number("held_total", c.held_total);
  read.number("retried", c.retried);
  read.number("held", c.held);
  read.number("in_flight", c.in_flight);
  read.number("connections", c.connections);
  read.number("upstream_idle", c.upstream_idle);
  read.number("upstream_active", c.upstream_active);
  read.number("tunnels", c.tunnels);
  return c;
}

RecentStatus recent_from(const json::object& object) {
  ObjectReader read(object);
  RecentStatus r;
  read.number("window_ms", r.window_ms);
  read.number("answered", r.answered);
  read.number("p50_us", r.p50_us);
  read.number("p99_us", r.p99_us);
  read.number("max_us", r.max_us);
  return r;
}

ListenerConfig listener_from(const json::object& object) {
  ObjectReader read(object);
  ListenerConfig listener;
  read.text("address", listener.text, TextLines::One);
  // A value this client cannot read keeps its default, as any other member does.
  for (const auto& key : listener_limit_keys())
    static_cast<void>(set_limit(listener, key, read.word(key.name)));
  if (const auto trusted = read.word("trusted"); !trusted.empty()) listener.trusted.emplace_back(trusted);
  return listener;
}

GenerationStatus generation_from(const json::object& object) {
  ObjectReader read(object);
  GenerationStatus g;
  read.generation("generation", g.generation);
  read.text("state", g.state);
  read.number("pid", g.pid);
  read.each("tree", [&](const json::value& v) {
    if (v.is_int64()) g.tree.push_back(static_cast<int>(v.get_int64()));
  });
  if (auto endpoint = Endpoint::parse(read.word("endpoint"))) g.endpoint = *endpoint;
  read.number("age_ms", g.age_ms);
  read.number("holders", g.holders);
  read.number("left_ms", g.left_ms);
  read.strings("command", g.command);
  return g;
}

AppStatus app_from(const json::object& object) {
  ObjectReader read(object);
  AppStatus app;
  read.text("name", app.name, TextLines::One);
  read.strings("addresses", app.addresses);
  read.text("state", app.state);
  read.text("waits_for", app.waits_for);
  read.strings("command", app.command);
  read.text("external", app.external);
  if (read.word("swap") == "stop-start") app.order = SwapOrder::StopStart;
  read.text("dir", app.dir);
  read.text("ready", app.ready);
  read.text("health", app.health);
  if (const json::object* pause = read.object("pause")) {
    ObjectReader inner(*pause);
    inner.flag("paused", app.pause.paused);
    inner.number("since_unix_ms", app.pause.since_unix_ms);
    inner.number("left_ms", app.pause.left_ms);
    inner.text("message", app.pause.message);
  }
  read.each("generations", [&](const json::value& v) {
    if (const json::object* inner = v.if_object()) app.generations.push_back(generation_from(*inner));
  });
  if (const json::object* counters = read.object("counters")) app.counters = counters_from(*counters);
  if (const json::object* recent = read.object("recent")) app.recent = recent_from(*recent);
  read.each("listeners", [&](const json::value& v) {
    if (const json::object* inner = v.if_object()) app.listeners.push_back(listener_from(*inner));
  });
  if (const json::object* limits = read.object("limits")) {
    ObjectReader inner(*limits);
    // A value this client cannot read keeps its default, as any other member does.
    for (const auto& key : app_limit_keys())
      static_cast<void>(set_limit(app.limits, key, inner.word(key.name)));
    app.drain = parse_duration(inner.word("drain")).value_or(app.drain);
    app.ready_timeout = parse_duration(inner.word("ready_timeout")).value_or(app.ready_timeout);
    app.stop_grace = parse_duration(inner.word("stop_grace")).value_or(app.stop_grace);
    static_cast<void>(set_stop_to(app.stop_to, inner.word("stop_to")));
    const std::string_view most = inner.word("max_retiring");
    std::from_chars(most.data(), most.data() + most.size(), app.max_retiring);
  }
  read.flag("swap_queued", app.swap_queued);
  return app;
}

// The kernel would end the text there.
bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

std::string take_command(const json::value& value, SwapRequest& request) {
  if (!value.is_array() || value.get_array().empty())
    return "'command' must be a list of texts that is not empty";
  for (const json::value& each : value.get_array()) {
    if (!each.is_string()) return "'command' must be a list of texts";
    request.command.push_back(text_of(each));
    if (has_nul(request.command.back())) return "'command' has a NUL in a word";
  }
  return request.command.front().empty() ? "the first word of 'command' is empty" : "";
}

std::string take_env(const json::value& value, SwapRequest& request) {
  if (!value.is_object()) return "'env' must be an object of texts";
  for (const auto& [key, each] : value.get_object()) {
    std::string variable(key);
    bool fits = each.is_string() && !variable.empty() && variable.find('=') == std::string::npos;
    if (!fits) return "'env' must be an object of texts, with names without '='";
    request.env[variable] = text_of(each);
    if (has_nul(variable) || has_nul(text_of(each))) return "'env' has a NUL in a name or a value";
  }
  return {};
}

std::string take_address(const std::string& name, const json::value& value, std::optional<Endpoint>& into) {
  const std::string quoted = "'" + name + "'";
  if (!value.is_string()) return quoted + " must be an address as text";
  auto parsed = parse_server_address(text_of(value));
  if (auto* wrong = std::get_if<std::string>(&parsed)) return quoted + ": " + *wrong;
  into = std::get<Endpoint>(std::move(parsed));
  return has_nul(text_of(value)) ? quoted + " has a NUL in it" : "";
}

std::string take_number(const json::value& value, SwapRequest& request) {
  if (!value.is_int64() || value.get_int64() < 1)
    return "'to' must be the number of a command in the history";
  request.back_to = static_cast<std::uint64_t>(value.get_int64());
  return {};
}

std::string take_released_within(const json::value& value, SwapRequest& request) {
  const auto time = value.is_string() ? parse_duration(text_of(value)) : std::nullopt;
  if (!time || time->count() <= 0) return R"('released_within' must be a time like "20s")";
  request.released_within = *time;
  return {};
}

// One member of the body of a call that swaps. Returns what is wrong with it.
std::string take_member(std::string_view name, const json::value& value, SwapCall& call) {
  const SwapVerbKind verb = call.request.verb;
  const bool swaps = verb == SwapVerbKind::Swap;
  if (name == "command" && swaps) return take_command(value, call.request);
  if (name == "env" && (swaps || verb == SwapVerbKind::Restart)) return take_env(value, call.request);
  if (name == "to" && (swaps || verb == SwapVerbKind::Attach))
    return take_address("to", value, call.request.to);
  if (name == "to" && verb == SwapVerbKind::Rollback) return take_number(value, call.request);
  if (name == "only" && verb == SwapVerbKind::Detach) return take_address("only", value, call.request.only);
  if (name == "released_within") return take_released_within(value, call.request);
  if (name == "dir" && swaps) {
    if (!value.is_string() || !value.get_string().starts_with('/')) return "'dir' must be an absolute path";
    call.request.dir = text_of(value);
    return has_nul(call.request.dir) ? "'dir' has a NUL in it" : "";
  }
  if (name == "queue") {
    if (!value.is_bool()) return "'queue' must be true or false";
    call.request.queue = value.get_bool();
    return {};
  }
  if (name == "wait") {
    if (value != "release" && value != "switch") return R"('wait' must be "release" or "switch")";
    call.wait = value == "switch" ? WaitFor::Switch : WaitFor::Release;
    return {};
  }
  static constexpr const char* kIn[] = {"a swap", "a restart", "an attach", "a detach", "a rollback"};
  return "there is no member '" + std::string(name) + "' in " + kIn[static_cast<int>(verb)];
}

// What does not go together, or is missing.
std::string wrong_whole(const SwapRequest& request) {
  if (request.verb == SwapVerbKind::Attach && !request.to) return "'to' is missing: the address to attach";
  if (!request.to) return {};
  if (!request.command.empty())
    return "'command' and 'to' were both given: berth starts it, or it runs already";
  if (!request.env.empty() || !request.dir.empty()) return "'env' and 'dir' go with a command, not with 'to'";
  return {};
}

}  // namespace

std::variant<SwapCall, std::string> swap_call_from(std::string_view body, SwapVerbKind verb) {
  SwapCall call;
  call.request.verb = verb;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) body = "{}";
  json::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) return "the body is not JSON: " + error.message();
  if (!value.is_object()) return "the body must be a JSON object";
  for (const auto& [name, member] : value.get_object()) {
    std::string wrong = take_member({name.data(), name.size()}, member, call);
    if (!wrong.empty()) return wrong;
  }
  if (std::string wrong = wrong_whole(call.request); !wrong.empty()) return wrong;
  return call;
}

std::variant<PauseRequest, std::string> pause_call_from(std::string_view body) {
  const auto wrong = [](const std::string& what) {
    return what + R"(; send nothing, or {"message": "back at noon", "max": "30s"} or one of the two)";
  };
  PauseRequest request;
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return request;
  json::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) return wrong("the body is not JSON: " + error.message());
  if (!value.is_object()) return wrong("the body must be a JSON object");
  for (const auto& [name, member] : value.get_object()) {
    if (name == "message") {
      if (!member.is_string()) return wrong("'message' must be a text");
      request.message = text_of(member);
    } else if (name == "max") {
      const auto time = member.is_string() ? parse_duration(text_of(member)) : std::nullopt;
      if (!time || time->count() <= 0) return wrong(R"('max' must be a time like "30s")");
      request.max = *time;
    } else {
      return wrong("there is no member '" + std::string(name) + "' in a pause");
    }
  }
  return request;
}

std::optional<PhaseRecord> phase_from(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  ObjectReader read(value.get_object());
  PhaseRecord phase;
  read.generation("generation", phase.generation);
  phase.name = from_word(read.word("phase"), phase.name);
  phase.state = from_word(read.word("state"), phase.state);
  read.took("took_us", phase.took);
  read.text("detail", phase.detail);
  return phase;
}

std::optional<SwapReport> report_from(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  ObjectReader read(value.get_object());
  SwapReport r;
  read.number("id", r.id);
  read.text("app", r.app);
  r.cause = from_word(read.word("cause"), r.cause);
  r.outcome = from_word(read.word("outcome"), r.outcome);
  read.text("reason", r.reason);
  read.text("hint", r.hint);
  read.generation("from", r.from);
  read.generation("to", r.to);
  read.generation("back", r.back);
  if (read.word("order") == "stop-start") r.order = SwapOrder::StopStart;
  read.strings("command", r.command);
  read.text("external", r.external);
  read.text("dir", r.dir);
  read.number("started_unix_ms", r.started_unix_ms);
  read.took("serving_after_us", r.serving_after);
  read.took("took_us", r.took);
  read.flag("retiring", r.retiring);
  read.each("phases", [&](const json::value& v) {
    if (auto phase = phase_from(v)) r.phases.push_back(*phase);
  });
  read.strings("notes", r.notes);
  read.strings("last_lines", r.last_lines, TextColours::Keep);
  read.number("requests_failed", r.requests_failed);
  read.number("requests_held", r.requests_held);
  read.number("requests_cut", r.requests_cut);
  if (const json::object* drained = read.object("drained")) r.drained = drain_count_from(*drained);
  return r;
}

std::optional<Outcome> outcome_from(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  ObjectReader read(value.get_object());
  Outcome outcome;
  outcome.switched_only = read.word("result") == "switched";
  auto otherwise = outcome.switched_only ? SwapResult::Kind::Done : SwapResult::Kind::Failed;
  outcome.result.kind = from_word(read.word("result"), otherwise);
  read.text("reason", outcome.result.reason);
  read.number("exit_code", outcome.exit_code);
  const json::value* report = value.get_object().if_contains("report");
  if (report != nullptr) outcome.result.report = report_from(*report);
  return outcome;
}

std::optional<FrontStatus> front_from(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  ObjectReader read(value.get_object());
  FrontStatus front;
  read.text("version", front.version);
  read.number("pid", front.pid);
  read.text("dir", front.dir);
  read.number("workers", front.workers);
  read.number("uptime_ms", front.uptime_ms);
  read.number("log_dropped", front.log_dropped);
  read.number("access_log_dropped", front.access_log_dropped);
  read.each("apps", [&](const json::value& v) {
    if (const json::object* object = v.if_object()) front.apps.push_back(app_from(*object));
  });
  return front;
}

std::optional<LogLine> log_line_from(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  ObjectReader read(value.get_object());
  LogLine line;
  read.number("number", line.number);
  read.number("unix_ms", line.unix_ms);
  read.generation("generation", line.generation);
  line.is_stderr = read.word("stream") == "stderr";
  line.is_remark = read.word("stream") == "berth";
  read.text("hook", line.hook);
  read.raw("text", line.text);
  return line;
}

}  // namespace berth::control
