// What the user asked for, as plain values with the defaults of the reference. Knows neither the file's
// syntax (toml_file.h) nor the command line's (command_line.h); each part of the program takes the small
// struct that it needs, by value.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/endpoint.h"

namespace berth {

using Milliseconds = std::chrono::milliseconds;

/// A wait without a deadline ("off" in the file).
inline constexpr Milliseconds kOff = Milliseconds::max();

/// What berth writes of itself.
enum class LogFormat : std::uint8_t { Human, Json };
enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error };
enum class AccessFormat : std::uint8_t { Combined, Json };

/// [front.log]
struct LogConfig {
  LogFormat format = LogFormat::Human;
  LogLevel level = LogLevel::Info;
  std::string access;  ///< a file, or "-" for standard output; empty: no access log
  AccessFormat access_format = AccessFormat::Combined;

  bool operator==(const LogConfig&) const = default;
};

/// [front]: the process as a whole.
struct FrontConfig {
  unsigned workers = 0;  ///< 0: one per core
  LogConfig log;
  std::string metrics;  ///< HOST:PORT where GET /metrics is answered; empty: on the control socket alone
};

/// What flows through an app.
enum class AppMode : std::uint8_t {
  Http,
  Tcp,  ///< bytes, of whatever protocol
};

/// [listener."HOST:PORT"]: what acts before an app is known, for one address of an app's `listen`.
struct ListenerConfig {
  std::vector<Endpoint> addresses;  ///< `localhost:N` gives two
  std::vector<Endpoint> by_name;    ///< of `addresses`, those that `localhost` gave: the machine may lack one
  std::vector<std::string> inherited;  ///< names of listeners that systemd hands over; "" is all of them
  std::string text;                    ///< as the user wrote it: one item of `listen`
  std::string listen;                  ///< the AppConfig::listen that has this item; empty: no app has it
  AppMode mode = AppMode::Http;        ///< of its apps; with Tcp there is one
  Milliseconds head_timeout{10'000};
  Milliseconds idle_timeout{60'000};
  std::uint64_t max_head = 64 * 1024;
  std::uint32_t max_fields = 128;
  std::uint32_t max_connections = 10'000;
  std::uint32_t max_per_client = 0;  ///< 0: no limit
  /// Peers that are believed when they say of whom a request is, as TrustedPeers reads them.
  std::vector<std::string> trusted;
};

/// [app.NAME.limits]
struct Limits {
  Milliseconds body_stall{20'000};
  std::uint64_t body_min_rate = 0;  ///< bytes a second; 0: off
  Milliseconds connect_timeout{2'000};
  Milliseconds response_timeout{60'000};
  Milliseconds stream_idle = kOff;
  Milliseconds upstream_idle{4'000};
  std::uint32_t max_upstream = 512;
  Milliseconds hold_timeout{30'000};
  std::uint32_t hold_requests = 1000;

  bool operator==(const Limits&) const = default;
};

/// How a backend says that it is ready.
struct ReadyConfig {
  enum class Kind : std::uint8_t {
    Http,     ///< GET `path` gives a complete final response; see status_min/status_max
    Tcp,      ///< a connection is accepted
    Listen,   ///< the listener is in the kernel's table
    Notify,   ///< READY=1 comes to NOTIFY_SOCKET (sd_notify(3))
    Log,      ///< a line of its output matches `log`
    Exec,     ///< the command `exec` ends with 0
    Started,  ///< it runs: for apps that nobody comes to
  };
  Kind kind = Kind::Http;
  std::string path = "/";
  std::string host = "localhost";  ///< Host field of the check and of `warm`
  int status_min = 100;            ///< a final status within [min, max] is ready; default: anything below 500
  int status_max = 499;
  std::string log;                ///< a regular expression of RE2
  std::vector<std::string> exec;  ///< a program and its arguments
  std::uint32_t successes = 1;    ///< how often in a row the check has to pass
  std::vector<std::string> warm;  ///< paths that are requested before the switch
  Milliseconds timeout{30'000};   ///< for the start, the check and `warm` together

  bool operator==(const ReadyConfig&) const = default;
};

/// Who gets the stop signal first.
enum class StopTo : std::uint8_t {
  Main,   ///< the main process; what is left of its group once that has ended
  Group,  ///< every process of its group at once
};

/// How a backend is asked to end.
struct StopConfig {
  int signal = 15;  ///< SIGTERM
  StopTo to = StopTo::Main;
  Milliseconds grace{10'000};

  bool operator==(const StopConfig&) const = default;
};

/// How a backend comes to its port (design section 3).
enum class PortMode : std::uint8_t {
  Lease,     ///< a number from the OS, told as PORT and {port}
  Fd,        ///< a listening socket, handed over as LISTEN_FDS and {fd}
  Discover,  ///< the server chooses, and is followed
  Unix,      ///< a path, told as {socket}
  Fixed,     ///< the user's number
  None,      ///< it has none: nobody comes to it
  External,  ///< berth does not start it
};

struct PortConfig {
  std::optional<PortMode> mode;  ///< absent: chosen by the command's placeholders
  std::uint16_t number = 0;      ///< with Fixed

  bool operator==(const PortConfig&) const = default;
};

/// What a swap does first.
enum class SwapOrder : std::uint8_t {
  Overlap,    ///< the new one starts while the old one serves
  StopStart,  ///< the old one ends first and requests are held: for apps that cannot run twice
};

/// Fields that berth adds if asked to.
struct ResponseFields {
  bool request_id = true;      ///< X-Request-Id, to the backend and back: the client's, or one of ours
  bool server_timing = false;  ///< Server-Timing: how long berth held the request, and the backend took
  bool generation = false;     ///< Berth-Generation

  bool operator==(const ResponseFields&) const = default;
};

/// What becomes of a WebSocket or an event stream when its backend retires (design section 8).
enum class LongMode : std::uint8_t {
  Cut,    ///< soon ended in good order, so that its client comes back to the new backend
  Drain,  ///< waited for, until `drain` has passed
  Pin,    ///< it keeps the old backend, until `pin` has passed
};

/// The keys of an app about long connections.
struct LongConfig {
  LongMode mode = LongMode::Cut;
  Milliseconds grace{1'000};  ///< from the switch to the first end; the last one comes after twice that
  Milliseconds pin{3'600'000};
  std::map<std::string, LongMode>
      paths;  ///< a prefix of whole segments, as the client sees it; the longest counts

  bool pins() const {
    return mode == LongMode::Pin || std::any_of(paths.begin(), paths.end(), [](const auto& each) {
             return each.second == LongMode::Pin;
           });
  }

  bool operator==(const LongConfig&) const = default;
};

/// [app.NAME.health]: whether the running backend still answers; with the check of `ready`.
struct HealthConfig {
  Milliseconds every = kOff;
  Milliseconds timeout{5'000};  ///< of one check
  std::uint32_t fall = 3;       ///< failures in a row that make it unhealthy, and replaced
  std::uint32_t rise = 2;       ///< passes in a row that make it healthy again

  bool operator==(const HealthConfig&) const = default;
};

/// [app.NAME.hooks]: commands that berth runs when something has happened.
struct HooksConfig {
  using Command = std::vector<std::string>;
  Command ready;     ///< the new one passed its check, before the switch
  Command switched;  ///< it serves
  Command released;  ///< the old one is gone
  Command failed;    ///< a swap failed, or a backend crashed or fails its checks
  Milliseconds timeout{10'000};
  std::vector<std::string> required;  ///< "ready", or nothing: the swap fails with it

  /// Whether a swap waits for the ready hook.
  bool wait_for_ready() const { return !ready.empty() && !required.empty(); }
  bool operator==(const HooksConfig&) const = default;
};

/// [app.NAME]
struct AppConfig {
  std::string name = "app";
  std::string listen = "127.0.0.1:8000";  ///< text: addresses, with commas between. Empty: nobody comes to it
  std::vector<std::string> hosts;         ///< "app.example.org", "*.example.org"; empty: any
  std::string path = "/";                 ///< a prefix of whole segments
  bool strip = false;                     ///< the backend does not see `path`
  /// What the paths that the backend sees begin with, "/api"; empty: nothing.
  std::string seen_base() const { return strip || path == "/" ? std::string() : path; }
  std::vector<std::string> after;  ///< apps that have to serve before this one is started
  AppMode mode = AppMode::Http;
  std::vector<std::string> command;
  std::optional<Endpoint> external;  ///< instead of a command: a server that berth does not start
  bool attached_later = false;       ///< external = "attach": nothing is there until `berth attach`
  PortConfig port;
  bool plain = false;  ///< a known server's command is left as it is
  SwapOrder swap = SwapOrder::Overlap;
  std::string dir;                         ///< absolute; empty: berth's own
  std::map<std::string, std::string> env;  ///< added to what the command inherits
  std::string user;                        ///< whose the command is to be; empty: berth's own
  bool tty = false;                        ///< the command gets a terminal of its own
  ReadyConfig ready;
  Milliseconds drain{30'000};
  LongConfig long_;
  StopConfig stop;
  std::uint32_t max_retiring = 4;
  Milliseconds keep_old{0};  ///< how long the old one is kept warm for a rollback
  HealthConfig health;
  HooksConfig hooks;
  ResponseFields fields;
  Limits limits;

  /// `long_` as it acts: whom `drain` would cut off leaves before, in good order. A second is left for the
  /// leaving.
  LongConfig long_before_drain() const {
    LongConfig acting = long_;
    if (drain == kOff) return acting;
    acting.grace = std::min(acting.grace, std::max(Milliseconds(0), (drain - Milliseconds(1'000)) / 2));
    return acting;
  }
};

struct Config {
  FrontConfig front;
  std::vector<ListenerConfig> listeners;  ///< each item of an AppConfig::listen has one here
  std::vector<AppConfig> apps;            ///< in the file's order
};

}  // namespace berth
