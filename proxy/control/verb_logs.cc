#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include "config/json_text.h"
#include "config/terminal_text.h"
#include "proxy/control/phase_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {
namespace {

namespace json = boost::json;

constexpr unsigned kMostAtOnce = 10'000;

// Shows the lines of one app or of several, which may come on several threads.
class LogScreen {
 public:
  // Named: each line says which app it is of.
  enum class Lines : std::uint8_t { Plain, Named };

  LogScreen(const std::vector<std::string>& apps, Lines lines, const LogsVerb& verb, const Terminal& terminal)
      : lines_(lines), json_(verb.target.json), raw_(verb.raw), terminal_(terminal), paint_(terminal.colour) {
    for (const std::string& app : apps) widest_ = std::max(widest_, width_of(app));
  }

  void show(const std::string& app, const json::value& value) {
    const std::lock_guard lock(mutex_);
    widest_ = std::max(widest_, width_of(app));
    if (json_) return show_json(app, value);
    const auto line = log_line_from(value);
    if (!line) return;
    if (raw_) return terminal_.raw(lead_of(app, *line) + shown_text(*line) + "\n");
    // One line each, whatever newlines its text may have; its colours stay where there are any.
    const std::string text = terminal_text(shown_text(*line), TextColours::Keep, TextLines::One);
    terminal_.out(lead_of(app, *line) + (line->is_remark ? paint_.bold(text) : text) + "\n");
  }

 private:
  void show_json(const std::string& app, json::value value) {
    if (lines_ == Lines::Named && value.is_object()) value.get_object()["app"] = app;
    terminal_.json(json_text(value) + "\n");
  }

  // What stands before a line's own text.
  std::string lead_of(const std::string& app, const LogLine& line) const {
    // The day is known to who reads a log of this run.
    const std::string time = clock_text(line.unix_ms).substr(11);
    const std::string name = app + "#" + std::to_string(line.generation.number);
    if (line.is_remark)
      return paint_.dim(time + " ──") + " " + paint_.of_number(line.generation.number, name) + " ";
    const std::string subject = padded(paint_.of_number(line.generation.number, name), widest_ + 5);
    return paint_.dim(time) + " " + subject + (line.is_stderr ? paint_.warn("err ") : paint_.dim("out "));
  }

  const Lines lines_;
  const bool json_;
  const bool raw_;
  const Terminal& terminal_;
  const Paint paint_;
  std::size_t widest_ = 3;
  std::mutex mutex_;
};

json::value read_line(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  return error ? json::value() : value;
}

std::string path_of(const std::string& app, const std::string& query) {
  return "/v1/apps/" + app + "/logs?" + query;
}

// How one app's log ended, as an exit code; told.
int tell_end(const CallResult& result, const LogsVerb& verb, const Terminal& terminal) {
  // Ctrl-C is how following ends; a berth that ends in order ends its log in order.
  if (verb.follow && result.end == CallEnd::Interrupted) return 0;
  if (result.end == CallEnd::Lost && result.status == 200) {
    return tell_problem({.exit_code = 3,
                         .type = "cut-off",
                         .title = "The log ended without its end",
                         .detail = "the log ended without its end: this reader was too slow and was cut off, "
                                   "or the berth ended"},
                        verb.target, terminal);
  }
  return tell_failure(result, verb.target, "berth", terminal);
}

int show_one(const LogsVerb& verb, const std::string& socket, const std::string& app, LogScreen& screen,
             const Terminal& terminal) {
  Following following;
  following.on_line = [&](std::string_view text) { screen.show(app, read_line(text)); };
  const std::string query = "limit=" + std::to_string(verb.lines) + (verb.follow ? "&follow=1" : "");
  return tell_end(call(socket, {"GET", path_of(app, query), {}}, following), verb, terminal);
}

// Follows apps, each on a thread, and those that come by a reload.
class Followers {
 public:
  Followers(std::string socket, LogScreen& screen) : socket_(std::move(socket)), screen_(screen) {}

  void add(const std::string& app, std::uint64_t after) {
    followed_.insert(app);
    ++running_;
    CallResult& end = ends_.emplace_back();
    threads_.emplace_back([this, app, after, &end] {
      Following following;
      following.on_line = [&](std::string_view text) { screen_.show(app, read_line(text)); };
      const std::string query =
          "follow=1&limit=" + std::to_string(kMostAtOnce) + "&after=" + std::to_string(after);
      end = call(socket_, {"GET", path_of(app, query), {}}, following);
      if (end.end == CallEnd::Lost) lost_ = true;
      --running_;
    });
  }

  /// Until berth ends, or somebody ends this.
  CallResult watch() {
    Following following;
    following.on_line = [&](std::string_view text) { react(read_line(text)); };
    following.given_up = [&] { return lost_ && running_ == 0; };
    return call(socket_, {"GET", "/v1/events", {}}, following);
  }

  /// How each app's log has ended; waits until all have.
  const std::list<CallResult>& ends() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return ends_;
  }

 private:
  void react(const json::value& event) {
    const auto text = [&](std::string_view name) {
      const json::value* member = event.is_object() ? event.get_object().if_contains(name) : nullptr;
      return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
    };
    if (text("event") != "state") return;
    const std::string app = text("app");
    if (text("state") == kGone)
      followed_.erase(app);
    else if (!followed_.contains(app))
      add(app, 0);
  }

  const std::string socket_;
  LogScreen& screen_;
  std::set<std::string> followed_;
  std::list<CallResult> ends_;
  std::list<std::thread> threads_;
  std::atomic<int> running_{0};
  std::atomic<bool> lost_{false};  ///< one was cut off
};

struct AppLine {
  std::size_t app;
  LogLine line;
  json::value value;
};

// What there is of all apps, in the order it was written; then, each on a thread, what comes.
int show_all(const LogsVerb& verb, const std::string& socket, const std::vector<std::string>& apps,
             LogScreen& screen, const Terminal& terminal) {
  std::vector<AppLine> lines;
  std::vector<std::uint64_t> newest(apps.size());
  for (std::size_t n = 0; n < apps.size(); ++n) {
    Following following;
    following.on_line = [&](std::string_view text) {
      json::value value = read_line(text);
      auto line = log_line_from(value);
      if (!line) return;
      newest[n] = line->number;
      lines.push_back({n, std::move(*line), std::move(value)});
    };
    const std::string limit = "limit=" + std::to_string(std::max(verb.lines, 1U));
    const int code = tell_end(call(socket, {"GET", path_of(apps[n], limit), {}}, following), verb, terminal);
    if (code != 0) return code;
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const AppLine& a, const AppLine& b) { return a.line.unix_ms < b.line.unix_ms; });
  const std::size_t shown = std::min<std::size_t>(lines.size(), verb.lines);
  for (auto each = lines.end() - static_cast<std::ptrdiff_t>(shown); each != lines.end(); ++each)
    screen.show(apps[each->app], each->value);
  if (!verb.follow) return 0;
  Followers followers(socket, screen);
  for (std::size_t n = 0; n < apps.size(); ++n) followers.add(apps[n], newest[n]);
  const CallResult events = followers.watch();
  for (const CallResult& end : followers.ends())
    if (const int code = tell_end(end, verb, terminal); code != 0) return code;
  return events.end == CallEnd::Lost ? tell_end(events, verb, terminal) : 0;
}

}  // namespace

int run_verb(const LogsVerb& verb, const Terminal& terminal) {
  std::vector<std::string> apps;
  const Reached reached = reach_apps(verb.target, terminal, apps);
  if (reached.exit_code != 0) return reached.exit_code;
  // Who follows all apps follows those, too, that come later.
  const bool all = apps.size() > 1 || (verb.follow && verb.target.app.empty());
  LogScreen screen(apps, all ? LogScreen::Lines::Named : LogScreen::Lines::Plain, verb, terminal);
  if (!all) return show_one(verb, reached.socket, apps.front(), screen, terminal);
  return show_all(verb, reached.socket, apps, screen, terminal);
}

}  // namespace berth::control
