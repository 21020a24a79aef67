// The command line as values: one struct per verb, and what to print when none of them is to run. Owns the
// options' names (the file's keys with hyphens) and their help; knows neither the file's syntax nor what the
// verbs do. Words after the first `--` are the command and are never read as options.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace berth {

/// `berth run`. What is absent was not given; run_config.h makes a Config of it.
struct RunVerb {
  std::optional<std::string> file;             ///< --config
  bool watch_config = false;                   ///< --watch-config
  std::vector<std::string> command;            ///< after `--`
  std::vector<std::string> listen;             ///< --listen, several times
  std::optional<std::string> control;          ///< --control
  std::optional<std::string> name;             ///< --name
  std::optional<std::string> dir;              ///< --dir
  std::map<std::string, std::string> env;      ///< --env K=V, several times
  std::optional<std::string> port;             ///< --port: lease, fd, discover, unix or a number
  std::optional<std::string> external;         ///< --external: an address, or attach
  std::optional<std::string> swap;             ///< --swap: overlap or stop-start
  std::optional<std::string> user;             ///< --user
  std::optional<std::string> mode;             ///< --mode: http or tcp
  bool plain = false;                          ///< --plain
  bool tty = false;                            ///< --tty
  std::optional<std::string> ready;            ///< --ready: http=/path, tcp, listen, notify, log=, exec=
  std::optional<std::string> ready_status;     ///< --ready-status: 200 or 200-299
  std::optional<std::string> ready_host;       ///< --ready-host
  std::optional<std::string> ready_successes;  ///< --ready-successes
  std::vector<std::string> ready_warm;         ///< --ready-warm, several times
  std::optional<std::string> ready_timeout;
  std::optional<std::string> drain;
  std::optional<std::string> stop_signal;
  std::optional<std::string> stop_to;  ///< --stop-to: main or group
  std::optional<std::string> stop_grace;
  std::optional<std::string> max_retiring;
  std::optional<std::string> workers;
  std::optional<std::string> log_format;  ///< --log-format: human or json
  std::optional<std::string> log_level;   ///< --log-level: debug, info, warn or error
  std::vector<std::string> limits;        ///< --limit KEY=VALUE, several times
  std::vector<std::string> trusted;       ///< --trusted, several times
  std::optional<std::string> wait;        ///< --wait[=TIME] for a busy address
};

/// `berth exec`: a server for the time of a command.
struct ExecVerb {
  RunVerb run;
  std::vector<std::string> command;  ///< behind `:::`
  bool direct = false;
  bool verbose = false;
};

/// Where a client verb finds berth, and of which app it speaks.
struct Target {
  std::optional<std::string> control;
  std::string app;  ///< a name, or an address that it is reached by; empty: the only one
  bool json = false;
};

/// `berth swap`, `restart`, `attach`, `detach` and `rollback`.
struct SwapVerb {
  enum class Kind : std::uint8_t { Swap, Restart, Attach, Detach, Rollback };
  Target target;
  Kind kind = Kind::Swap;
  std::vector<std::string> command{};
  std::optional<Endpoint> to{};    ///< --to, or the address to attach
  std::optional<Endpoint> only{};  ///< detach --only: if this is what is attached
  std::uint64_t back_to = 0;       ///< rollback --to: a number of the history; 0: not given
  std::map<std::string, std::string> env{};
  Milliseconds released_within{0};  ///< --released-within; 0: not given
  bool wait_for_release = true;     ///< false: --wait=switch
  bool queue = true;                ///< false: --no-queue
  Milliseconds timeout = kOff;      ///< of the caller's own wait
};

struct CancelVerb {
  Target target;
};
/// `berth pause`
struct PauseVerb {
  Target target;
  std::string message;
  Milliseconds max = kOff;
};
/// `berth resume`
struct ResumeVerb {
  Target target;
};
struct StatusVerb {
  Target target;
  bool watch = false;
  bool names = false;  ///< the apps' names alone, one a line
};
struct WhyVerb {
  Target target;
};
/// `berth history`
struct HistoryVerb {
  Target target;
};
struct LogsVerb {
  Target target;
  bool follow = false;
  bool raw = false;  ///< --raw: the lines as they were written, escape sequences included
  unsigned lines = 100;
};
/// `berth reload`
struct ReloadVerb {
  Target target;
  Milliseconds timeout = kOff;
};
/// `berth ls`
struct LsVerb {
  bool json = false;
};
struct StopVerb {
  Target target;
  Milliseconds timeout = kOff;
};
/// `berth port`
struct PortVerb {
  std::string address;               ///< as it was typed
  std::optional<Milliseconds> wait;  ///< --wait: until it is free
  bool json = false;
};
/// `berth check`
struct CheckVerb {
  enum class Show : std::uint8_t { Faults, Defaults, Schema };
  std::optional<std::string> file;  ///< --config
  Show show = Show::Faults;
  bool json = false;
};
/// `berth init`
struct InitVerb {
  std::optional<std::string> file;  ///< --config
  bool force = false;
  bool json = false;
};
/// `berth load`. Rates and bounds as numbers; what is absent was not given.
struct LoadVerb {
  /// What takes part in the mix: "get=80%" of the requests, or "events=4@/events": four connections of their
  /// own.
  struct Part {
    std::string kind;  ///< get, fresh, post, download, upload, events or websocket
    unsigned amount = 0;
    bool percent = false;
    std::string target;  ///< behind `@`; empty: the kind's own, or the URL's
  };
  Target target;  ///< --control, --app: the berth that is asked to swap
  std::vector<std::string> urls;
  std::optional<std::string> request_file;  ///< --request-file
  std::vector<Part> mix;                    ///< --mix
  std::vector<std::string> headers;         ///< --header "NAME: VALUE"
  unsigned connections = 0;                 ///< 0: not given
  double rate = 0;                          ///< 0: closed loop
  Milliseconds duration{0};                 ///< 0: not given
  std::uint64_t requests = 0;
  unsigned swaps = 0;
  Milliseconds swap_every{0};
  Milliseconds each{0};
  std::vector<std::string> command;  ///< of --each
  Milliseconds probe{0};
  Milliseconds timeout{10'000};
  std::uint64_t seed = 1;
  std::optional<std::string> json, html;  ///< the files
  std::vector<std::string> compare;       ///< two JSON reports: nothing is run
  std::optional<double> max_failed, max_p99_ms, max_gap_ms;
  std::vector<std::string> words;  ///< as they were typed, for the report
};
/// `berth demo`: its own words, unread.
struct DemoVerb {
  std::vector<std::string> arguments;
};
/// Nothing runs: help, the version, or what is wrong with the call.
struct ShowText {
  std::string text;
  int exit_code = 0;  ///< 0: to stdout; 2, and 125 of exec: to stderr
};

using Verb = std::variant<RunVerb, ExecVerb, SwapVerb, CancelVerb, PauseVerb, ResumeVerb, StatusVerb, WhyVerb,
                          HistoryVerb, LogsVerb, ReloadVerb, StopVerb, LsVerb, PortVerb, CheckVerb, InitVerb,
                          LoadVerb, DemoVerb, ShowText>;

/// Reads main's arguments, argv[0] left out.
Verb parse_command_line(const std::vector<std::string>& arguments);

/// What `berth run` says when there is neither a command nor a file.
std::string_view run_explanation();

}  // namespace berth
