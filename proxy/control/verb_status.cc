#include <boost/json/parse.hpp>
#include <csignal>

#include "proxy/control/live_screen.h"
#include "proxy/control/status_table.h"
#include "proxy/control/status_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {
namespace {

constexpr std::chrono::seconds kPause{1};
constexpr std::chrono::seconds kLongestAnswer{5};

std::optional<FrontStatus> read_front(const std::string& body) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  return error ? std::nullopt : front_from(value);
}

int tell_unread(const std::string& socket, const Terminal& terminal) {
  terminal.err("berth: the answer is not a status; is the berth on " + socket + " of another version?\n");
  return 1;
}

// The one app that was asked for; all of them, if none was.
FrontStatus only_asked(FrontStatus front, const std::string& app) {
  if (!app.empty()) std::erase_if(front.apps, [&](const AppStatus& each) { return each.name != app; });
  return front;
}

// Until somebody ends it, or the berth ends.
int watch(const StatusVerb& verb, const Reached& reached, const Call& what, const Terminal& terminal) {
  Pulse pulse;
  LiveScreen screen(terminal);
  FrontStatus front;
  for (bool ask = true;;) {
    if (ask) {
      Following following;
      following.timeout = kLongestAnswer;
      following.given_up = [&] { return pulse.asked(); };
      const CallResult result = call(reached.socket, what, following);
      if (result.end == CallEnd::Interrupted) return 0;
      if (result.end == CallEnd::NoBerth || result.end == CallEnd::Lost)
        return tell_problem({.exit_code = 3,
                             .type = "berth-ended",
                             .title = "The berth ended",
                             .detail = "the berth has ended; `berth run` starts it again"},
                            verb.target, terminal);
      if (const int code = tell_failure(result, verb.target, "berth", terminal); code != 0) return code;
      if (verb.target.json) {
        terminal.json(result.body);
      } else {
        auto read = read_front(result.body);
        if (!read) return tell_unread(reached.socket, terminal);
        front = only_asked(std::move(*read), reached.app);
      }
    }
    const TerminalSize size = terminal.size_now();
    if (!verb.target.json) screen.draw(status_table(front, size.columns, terminal.colour), size);
    const Pulse::End end = pulse.wait(kPause);
    if (end == Pulse::End::Asked) return 0;
    ask = end == Pulse::End::Time;
    if (end != Pulse::End::Suspended) continue;
    screen.leave();
    ::raise(SIGSTOP);  // until the shell lets it go on
    screen.enter();
  }
}

}  // namespace

int run_verb(const StatusVerb& verb, const Terminal& terminal) {
  const bool one = !verb.target.app.empty();
  Reached reached = one ? reach_app(verb.target, terminal) : reach_front(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  const std::string& app = reached.app;
  const bool one_object = verb.target.json && !app.empty();
  const Call what{"GET", one_object ? "/v1/apps/" + app : "/v1/status", {}};
  if (verb.watch) return watch(verb, reached, what, terminal);
  CallResult result = call(reached.socket, what);
  if (int code = tell_failure(result, verb.target, "berth", terminal); code != 0) return code;
  if (verb.target.json) {
    terminal.json(result.body);
    return 0;
  }
  const auto front = read_front(result.body);
  if (!front) return tell_unread(reached.socket, terminal);
  if (verb.names) {
    for (const AppStatus& each : front->apps) terminal.out(each.name + "\n");
    return 0;
  }
  terminal.out(status_text(only_asked(*front, app), terminal.columns, terminal.colour, app));
  return 0;
}

}  // namespace berth::control
