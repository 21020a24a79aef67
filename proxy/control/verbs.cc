#include "proxy/control/verbs.h"

#include <pwd.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <system_error>
#include <utility>

#include "config/json_text.h"
#include "proxy/control/find_berth.h"
#include "proxy/control/json_map.h"
#include "proxy/control/phase_text.h"

namespace berth::control {
namespace {

namespace json = boost::json;

// What to do where nothing answers.
constexpr std::string_view kBegin =
    "\n    start one: berth run -- COMMAND; or name another's socket: --control PATH";
constexpr auto kShortCall = std::chrono::seconds(10);
constexpr auto kStrangersCall = std::chrono::seconds(2);  ///< who knows what it is

}  // namespace

CallResult call_status(const std::string& socket, bool any_user) {
  Following following;
  following.timeout = any_user ? kStrangersCall : kShortCall;
  following.any_user = any_user;
  return call(socket, {"GET", "/v1/status", {}}, following);
}

std::optional<FrontStatus> read_status(const CallResult& result) {
  if (result.end != CallEnd::Complete || result.status != 200) return std::nullopt;
  json::error_code error;
  json::value value = json::parse(result.body, error);
  return error ? std::nullopt : front_from(value);
}

namespace {

std::optional<Candidate> ask_who(const std::string& socket) {
  auto front = read_status(call_status(socket));
  if (!front) return std::nullopt;
  std::string apps;
  for (const AppStatus& app : front->apps) {
    apps +=
        (apps.empty() ? "" : ", ") + app.name + (app.addresses.empty() ? "" : " on " + app.addresses.front());
  }
  return Candidate{socket, front->dir, apps, std::move(front->apps)};
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

// Only root comes to another user's socket by mistake; for everybody else somebody has put it there.
std::string not_yours_text(unsigned user) {
  const passwd* found = ::getpwuid(user);
  const std::string name = found == nullptr ? "" : found->pw_name;
  const std::string who = name.empty() ? "user " + std::to_string(user) : "user " + name;
  if (::geteuid() != 0) return who + " answers there, neither you nor root: nothing was said";
  const std::string as = name.empty() ? "setpriv --reuid=" + std::to_string(user) + " --clear-groups"
                                      : "runuser -u " + name + " --";
  return who + " answers there, and root tells nothing to others: act as that user\n    " + as +
         " berth --control PATH ...";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

int tell_problem(const VerbProblem& problem, const Target& target, const Terminal& terminal) {
  if (target.json) {
    json::object object = control::problem(0, problem.type, problem.title, problem.detail);
    terminal.json(json_text(object) + "\n");
  }
  terminal.err("berth: " + problem.detail + "\n");
  return problem.exit_code;
}

namespace {

Reached find_front(const Target& target, const Terminal& terminal) {
  std::error_code ignored;
  std::string here = std::filesystem::current_path(ignored).string();
  Found found = find_control(target.control, here, Surroundings::of_process(), ask_who, target.app);
  if (found.exit_code == 0) return {found.path, {}, 0};
  const bool none = found.exit_code == 3;
  return {{},
          {},
          tell_problem({.exit_code = found.exit_code,
                        .type = none ? "no-berth" : "which-berth",
                        .title = none ? "No berth is running there" : "It is not clear which berth is meant",
                        .detail = found.error},
                       target, terminal)};
}

// The app of that name, else those that are reached at that address.
std::vector<std::string> meant_of(const std::vector<AppStatus>& apps, const std::string& wanted) {
  std::vector<std::string> names;
  for (const AppStatus& app : apps) {
    if (app.name == wanted) return {wanted};
    if (is_meant(app, wanted)) names.push_back(app.name);
  }
  return names;
}

}  // namespace

Reached reach_front(const Target& target, const Terminal& terminal) {
  if (target.app.empty()) return find_front(target, terminal);
  std::vector<std::string> apps;
  return reach_apps(target, terminal, apps);
}

Reached reach_apps(const Target& target, const Terminal& terminal, std::vector<std::string>& apps) {
  Reached reached = find_front(target, terminal);
  if (reached.exit_code != 0) return reached;
  const CallResult result = call_status(reached.socket);
  const bool refused = result.end == CallEnd::Complete && result.status != 200;
  if (refused || result.end == CallEnd::NotYours || result.end == CallEnd::Nonsense) {
    reached.exit_code = tell_failure(result, target, "berth", terminal);
    return reached;
  }
  auto front = read_status(result);
  if (!front) {
    reached.exit_code = tell_problem(
        {.exit_code = 3,
         .type = "no-berth",
         .title = "No berth is running there",
         .detail = "the berth on " + reached.socket +
                   " does not answer; is it suspended in its shell (fg), or stopped by a debugger?"},
        target, terminal);
    return reached;
  }
  for (const AppStatus& app : front->apps) apps.push_back(app.name);
  reached.served = std::move(front->apps);
  if (target.app.empty()) return reached;
  const std::vector<std::string> meant = meant_of(reached.served, target.app);
  if (meant.empty()) {
    reached.exit_code =
        tell_problem({.exit_code = 2,
                      .type = "no-such-app",
                      .title = "There is no such app",
                      .detail = "there is no app '" + target.app + "'; there are: " + joined(apps)},
                     target, terminal);
  }
  apps = meant;
  return reached;
}

Reached reach_app(const Target& target, const Terminal& terminal) {
  std::vector<std::string> apps;
  Reached reached = reach_apps(target, terminal, apps);
  if (reached.exit_code != 0) return reached;
  if (apps.size() == 1) {
    reached.app = apps.front();
    return reached;
  }
  reached.exit_code = tell_problem({.exit_code = 2,
                                    .type = "which-app",
                                    .title = "It is not clear which app is meant",
                                    .detail = "there are several apps, name one of: " + joined(apps)},
                                   target, terminal);
  return reached;
}

std::string outcome_text(const Outcome& outcome, const Paint& paint) {
  const observe::SwapReport* report = outcome.result.report ? &*outcome.result.report : nullptr;
  if (outcome.switched_only && report != nullptr) return switched_text(*report, paint);
  return result_text(outcome.result.kind, outcome.result.reason, report, paint);
}

int tell_failure(const CallResult& result, const Target& target, const std::string& waiting_for,
                 const Terminal& terminal) {
  const auto tell = [&](int exit_code, std::string_view type, std::string_view title, std::string detail) {
    return tell_problem({exit_code, type, title, std::move(detail)}, target, terminal);
  };
  switch (result.end) {
    case CallEnd::Complete:
      break;
    case CallEnd::NoBerth:
      return tell(3, "no-berth", "No berth is running there",
                  "no berth is running there: " + result.error + std::string(kBegin));
    case CallEnd::NotYours:
      return tell(2, "not-yours", "Another user's berth", not_yours_text(result.user));
    case CallEnd::Nonsense:
      return tell(3, "no-berth", "No berth is running there",
                  "what answers there does not speak as a berth does: " + result.error);
    case CallEnd::Lost:
      return tell(3, "berth-ended", "The berth ended",
                  "the berth ended before its answer came" + std::string(kBegin));
    case CallEnd::TimedOut:
      return tell(4, "stopped-waiting", "Stopped waiting",
                  "the time is up, stopped waiting; " + waiting_for + " goes on");
    case CallEnd::Interrupted:
      return tell(4, "stopped-waiting", "Stopped waiting", "stopped waiting; " + waiting_for + " goes on");
  }
  if (result.status == 200) return 0;
  if (target.json) terminal.json(result.body);
  terminal.err("berth: " + problem_text(result.body) + "\n");
  // What the caller could have put differently is 2; what berth could not do is 1.
  return result.status == 409 || result.status >= 500 ? 1 : 2;
}

}  // namespace berth::control
