#include "proxy/control/verbs.h"

#include <boost/json/parse.hpp>
#include <filesystem>
#include <system_error>

#include "proxy/control/phase_text.h"
#include "proxy/control/socket_path.h"

namespace berth::control {
namespace {

namespace json = boost::json;

constexpr auto kShortCall = std::chrono::seconds(10);

CallResult call_status(const std::string& socket) {
  Following following;
  following.timeout = kShortCall;
  return call(socket, {"GET", "/v1/status", {}}, following);
}

std::optional<FrontStatus> read_status(const CallResult& result) {
  if (result.end != CallEnd::Complete || result.status != 200) return std::nullopt;
  json::error_code error;
  json::value value = json::parse(result.body, error);
  return error ? std::nullopt : front_from(value);
}

std::optional<Candidate> ask_who(const std::string& socket) {
  auto front = read_status(call_status(socket));
  if (!front) return std::nullopt;
  std::string apps;
  for (const AppStatus& app : front->apps) {
    apps +=
        (apps.empty() ? "" : ", ") + app.name + (app.addresses.empty() ? "" : " on " + app.addresses.front());
  }
  return Candidate{socket, front->dir, apps};
}

// "title: detail" of a problem, or the bare body of something that is none.
std::string problem_text(const std::string& body) {
  json::error_code error;
  json::value value = json::parse(body, error);
  if (error || !value.is_object()) return body;
  const json::value* detail = value.get_object().if_contains("detail");
  if (detail == nullptr || !detail->is_string()) return body;
  return std::string(detail->get_string().data(), detail->get_string().size());
}

}  // namespace

Reached reach_front(const Target& target, const Terminal& terminal) {
  std::error_code ignored;
  std::string here = std::filesystem::current_path(ignored).string();
  Found found = find_control(target.control, here, Surroundings::of_process(), ask_who);
  if (found.exit_code != 0) terminal.err(found.error);
  return {found.path, {}, found.exit_code};
}

Reached reach_app(const Target& target, const Terminal& terminal) {
  Reached reached = reach_front(target, terminal);
  reached.app = target.app;
  if (reached.exit_code != 0) return reached;
  const CallResult result = call_status(reached.socket);
  if (result.end == CallEnd::Complete && result.status != 200) {
    reached.exit_code = tell_failure(result, target, "berth", terminal);
    return reached;
  }
  auto front = read_status(result);
  if (!front) {
    terminal.err("berth: the berth on " + reached.socket + " does not answer\n");
    reached.exit_code = 3;
    return reached;
  }
  std::string list;
  for (const AppStatus& app : front->apps) {
    if (app.name == target.app) return reached;
    list += (list.empty() ? "" : ", ") + app.name;
  }
  if (target.app.empty() && front->apps.size() == 1) {
    reached.app = front->apps.front().name;
    return reached;
  }
  terminal.err(target.app.empty() ? "berth: there are several apps, name one of: " + list + "\n"
                                  : "berth: there is no app '" + target.app + "'; there are: " + list + "\n");
  reached.exit_code = 2;
  return reached;
}

std::string outcome_text(const Outcome& outcome, const Paint& paint) {
  const observe::SwapReport* report = outcome.result.report ? &*outcome.result.report : nullptr;
  if (outcome.switched_only && report != nullptr) return switched_text(*report, paint);
  return result_text(outcome.result.kind, outcome.result.reason, report, paint);
}

int tell_failure(const CallResult& result, const Target& target, const std::string& waiting_for,
                 const Terminal& terminal) {
  switch (result.end) {
    case CallEnd::Complete:
      break;
    case CallEnd::NoBerth:
      terminal.err("berth: no berth is running there: " + result.error + "\n");
      return 3;
    case CallEnd::Lost:
      terminal.err("berth: the berth ended before its answer came\n");
      return 3;
    case CallEnd::TimedOut:
      terminal.err("berth: the time is up, stopped waiting; " + waiting_for + " goes on\n");
      return 4;
    case CallEnd::Interrupted:
      terminal.err("berth: stopped waiting; " + waiting_for + " goes on\n");
      return 4;
  }
  if (result.status == 200) return 0;
  if (target.json) terminal.out(result.body);
  terminal.err("berth: " + problem_text(result.body) + "\n");
  // What the caller could have put differently is 2; what berth could not do is 1.
  return result.status == 409 || result.status >= 500 ? 1 : 2;
}

}  // namespace berth::control
