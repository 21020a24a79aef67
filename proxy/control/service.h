// What the control API can ask of the running front: the seam between the API's server (which knows HTTP and
// JSON) and the apps (which know neither). Implemented by proxy/app; everything on the control loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"
#include "proxy/http/data_plane.h"
#include "proxy/observe/history.h"
#include "proxy/observe/report.h"
#include "proxy/observe/swap_tally.h"

namespace berth::control {

/// Which call a swap was asked for with.
enum class SwapVerbKind : std::uint8_t {
  Swap,      ///< to `command`, or to the server at `to`, or (with neither) to the same again
  Restart,   ///< to the same command again
  Attach,    ///< to the server at `to`
  Detach,    ///< from an attached server to the configured command, or to nothing
  Rollback,  ///< to what served before
};

/// Who asked for a swap; what the reports call it by.
enum class SwapAsker : std::uint8_t {
  Caller,  ///< the API
  Key,     ///< the s key of `berth run`
  File,    ///< a reload
};

/// A swap, a restart, an attach, a detach or a rollback as it was asked for.
struct SwapRequest {
  SwapVerbKind verb = SwapVerbKind::Swap;
  SwapAsker asker = SwapAsker::Caller;
  std::vector<std::string> command{};
  std::optional<Endpoint> to{};              ///< a server that runs already, instead of a command
  std::optional<Endpoint> only{};            ///< of a detach: refused if another server is attached
  std::string dir{};                         ///< absolute: the caller's; empty: as before
  std::map<std::string, std::string> env{};  ///< added to the app's
  std::uint64_t back_to = 0;        ///< of a rollback: that row of the history; 0: the last other one
  bool queue = true;                ///< false: refuse when a swap runs (--no-queue)
  Milliseconds released_within{0};  ///< what the old one is given to release its port; 0: not said
};

/// `berth pause`: requests wait until a resume.
struct PauseRequest {
  std::string message{};    ///< what one is told that has waited too long; empty: berth's own words
  Milliseconds max = kOff;  ///< resumes by itself then
};

struct PauseStatus {
  bool paused = false;
  std::int64_t since_unix_ms = 0;
  std::int64_t left_ms = 0;  ///< until it resumes by itself; 0: it does not
  std::string message;
};

/// The end of an asked swap, as the caller sees it.
struct SwapResult {
  enum class Kind : std::uint8_t {
    Done,        ///< exit 0
    Failed,      ///< exit 1: the old one serves (or nothing does, if there was none)
    Refused,     ///< exit 1: a swap runs and --no-queue was given, or berth is stopping
    Superseded,  ///< exit 1: a newer command took its place before it was ready
    Unreleased,  ///< exit 5
  };
  Kind kind = Kind::Done;
  std::string reason;
  std::optional<observe::SwapReport> report;  ///< absent where nothing was begun
};

/// Follows one asked swap. Callbacks on the control loop; on_result is the last.
struct SwapWatch {
  std::function<void(const std::string&)> on_queued;          ///< it waits behind another one
  std::function<void(const observe::PhaseRecord&)> on_phase;  ///< begun, ended or failed
  std::function<void(const observe::SwapReport&)>
      on_switched;                                   ///< the new one serves (--wait=switch ends here)
  std::function<void(const SwapResult&)> on_result;  ///< everything is over
};

struct GenerationStatus {
  Generation generation;
  std::string state;  ///< "starting", "serving", "unhealthy", "closed", "warm", "draining", "stopping",
                      ///< "releasing", "unreleased"
  int pid = 0;
  std::vector<int> tree;
  Endpoint endpoint;
  std::int64_t age_ms = 0;
  std::uint64_t holders = 0;
  std::vector<std::string> command;
  std::int64_t left_ms =
      -1;  ///< until what it still does is cut short: its drain, or its grace; -1: no time is set
};

/// What was answered lately, from the whole head of a request to the last byte of its response.
struct RecentStatus {
  std::int64_t window_ms = 0;  ///< how far back: some ten seconds
  std::uint64_t answered = 0;
  std::int64_t p50_us = 0;
  std::int64_t p99_us = 0;
  std::int64_t max_us = 0;
};

struct AppStatus {
  std::string name;
  std::vector<std::string> addresses;  ///< "127.0.0.1:8000"
  /// "waiting", "starting", "serving", "paused", "unhealthy", "unreachable", "closed", "swapping",
  /// "restarting", "failed", "cancelled", "vacant", "stopping"
  std::string state;
  std::vector<std::string> command;
  std::string external;  ///< the address of a server that berth did not start, instead of a command
  SwapOrder order = SwapOrder::Overlap;
  std::string dir;
  std::vector<GenerationStatus> generations;  ///< serving first, then starting, then retiring
  http::Counters counters;
  RecentStatus recent;
  std::string waits_for;  ///< of "waiting": the app that has to serve first
  observe::SwapTally swaps;
  Limits limits;
  std::vector<ListenerConfig> listeners;  ///< of each of its addresses, the text and the limits alone
  Milliseconds drain{0};
  std::string ready;  ///< the check in one line: "http=/health, 3 in a row"
  PauseStatus pause;
  std::string health;  ///< of what serves: "passes", or how it fails; empty: it is not asked
  Milliseconds ready_timeout{0};
  Milliseconds stop_grace{0};
  StopTo stop_to = StopTo::Main;
  std::uint32_t max_retiring = 0;
  bool swap_queued = false;
};

struct FrontStatus {
  std::string version;
  int pid = 0;
  std::string dir;  ///< berth's working directory
  unsigned workers = 0;
  std::int64_t uptime_ms = 0;
  std::uint64_t log_dropped = 0;
  std::uint64_t access_log_dropped = 0;
  route::Tally tally;  ///< of what came to no app
  std::vector<AppStatus> apps;
};

/// One line of a backend's output.
struct LogLine {
  std::uint64_t number = 0;  ///< counts up within one app, over generations
  std::int64_t unix_ms = 0;
  Generation generation;
  bool is_stderr = false;
  std::string text;
  bool is_remark = false;  ///< berth's own word about the generation, between its lines
  std::string hook{};      ///< "ready": which hook wrote it; empty: the backend
};

/// As a reader sees it: "ready hook: no such table"
inline std::string shown_text(const LogLine& line) {
  return line.hook.empty() ? line.text : line.hook + " hook: " + line.text;
}

/// Something has happened: one line of GET /v1/events.
struct Event {
  /// The app's state is that from now on; "gone": a reload or the end has taken the app away.
  struct State {
    std::string state;
  };
  /// A reload has changed something, or has said why not.
  struct Change {
    std::string text;
  };
  /// A reload is over.
  struct Reloaded {
    SwapResult result;
  };
  std::int64_t unix_ms = 0;
  std::string app;  ///< empty: the front
  std::variant<State, observe::PhaseRecord, observe::SwapReport, Change, Reloaded> what;
};
inline constexpr std::string_view kGone = "gone";

/// Follows one reload of the file. Callbacks on the control loop; on_result is the last.
struct ReloadWatch {
  std::function<void(const std::string&)> on_change;  ///< "web: swapping, for its command"
  /// Failed: nothing has changed, or a swap that it asked for failed; see `reason`, which may have lines.
  std::function<void(const SwapResult&)> on_result;
};

/// Follows the end of the front. Callbacks on the control loop; on_result is the last.
struct StopWatch {
  std::function<void(const std::string&)>
      on_waiting;  ///< "waiting: web: generation 3 still answers 2 requests"
  std::function<void(const SwapResult&)> on_result;  ///< what `berth stop` should print, just before the end
};

class Service {
 public:
  virtual ~Service() = default;
  /// Asynchronous, because counters are gathered from the workers.
  virtual void status(std::function<void(FrontStatus)> answer) = 0;
  /// Names of all apps, in the file's order.
  virtual std::vector<std::string> apps() const = 0;
  /// `app` exists. Destroying the returned watch handle stops the callbacks; the swap goes on.
  virtual std::shared_ptr<void> swap(const std::string& app, SwapRequest request, SwapWatch watch) = 0;
  /// False: nothing was running. The running swap ends as Cancelled.
  virtual bool cancel(const std::string& app) = 0;
  /// Requests wait from now on, also behind a swap. Another pause takes the place of the first.
  virtual void pause(const std::string& app, const PauseRequest& request) = 0;
  /// False: it was not paused.
  virtual bool resume(const std::string& app) = 0;
  /// Newest first, at most 50.
  virtual std::vector<observe::SwapReport> reports(const std::string& app) const = 0;
  /// What has served, newest first, at most 50.
  virtual std::vector<observe::ServedCommand> history(const std::string& app) const = 0;
  /// Lines with number > after, at most `limit` of the newest.
  virtual std::vector<LogLine> log_lines(const std::string& app, std::uint64_t after,
                                         std::size_t limit) const = 0;
  /// Calls `on_line` for each new line until the returned handle is destroyed.
  virtual std::shared_ptr<void> follow_log(const std::string& app,
                                           std::function<void(const LogLine&)> on_line) = 0;
  /// Calls `on_event` with the state of every app, before this returns, and then with whatever happens, until
  /// the returned handle is destroyed.
  virtual std::shared_ptr<void> follow_events(std::function<void(const Event&)> on_event) = 0;
  /// Reads the file again and applies what differs.
  virtual void reload(ReloadWatch watch) = 0;
  /// Begins the shutdown (as SIGTERM does).
  virtual void stop(StopWatch watch) = 0;
};

}  // namespace berth::control
