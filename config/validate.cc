#include "config/validate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <set>
#include <utility>

#include "config/duration_text.h"
#include "config/listen_text.h"
#include "config/pattern.h"
#include "config/port_mode.h"
#include "config/ready_text.h"
#include "config/validate_parts.h"

namespace berth {
namespace {

struct SignalName {
  std::string_view name;
  int number;
};

constexpr std::array<SignalName, 8> kSignals{{{"TERM", SIGTERM},
                                              {"INT", SIGINT},
                                              {"HUP", SIGHUP},
                                              {"QUIT", SIGQUIT},
                                              {"KILL", SIGKILL},
                                              {"USR1", SIGUSR1},
                                              {"USR2", SIGUSR2},
                                              {"WINCH", SIGWINCH}}};

constexpr std::size_t kMostApps = 1000;

class Checker {
 public:
  Checker(Config& config, const Origins& origins) : config_(config), faults_(origins) {}

  std::vector<ConfigError> run() {
    if (config_.front.workers > 256)
      fault("front.workers", "at most 256 workers", "write a number up to 256, or 0 for one per core");
    if (config_.apps.empty()) fault("app", "there is no app", "add a table [app.NAME] with a command");
    // What follows compares them with each other, while a running front may wait for it.
    if (config_.apps.size() > kMostApps || config_.listeners.size() > kMostApps) {
      fault("app", "at most " + std::to_string(kMostApps) + " apps and as many listeners",
            "serve the others with a berth of their own");
      return faults_.take();
    }
    for (AppConfig& app : config_.apps) check_app(app);
    check_listeners(config_, faults_);
    check_terminal();
    check_routes(config_, faults_);
    check_start_order(config_, faults_);
    check_metrics();
    return faults_.take();
  }

 private:
  void fault(const std::string& key, std::string what, std::string hint = {}) {
    faults_.add(key, std::move(what), std::move(hint));
  }

  /// What is typed can go to one only.
  void check_terminal() {
    const AppConfig* reader = nullptr;
    for (const AppConfig& app : config_.apps) {
      if (!app.tty) continue;
      if (reader != nullptr)
        fault("app." + app.name + ".tty",
              "two apps read the terminal: '" + reader->name + "' and '" + app.name + "'",
              "leave tty to one of them");
      reader = &app;
    }
  }

  void check_app(AppConfig& app) {
    std::string key = "app." + app.name;
    if (!names_.insert(app.name).second)
      fault(key, "two apps are named '" + app.name + "'", "give one of them another name");
    bool fits = !app.name.empty() && app.name.size() <= 64 &&
                std::all_of(app.name.begin(), app.name.end(), [](unsigned char c) {
                  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         c == '-' || c == '_';
                });
    if (!fits)
      fault(key, "'" + app.name + "' cannot name an app", "letters, digits, - and _ only, at most 64");
    check_start(key, app);
    check_words(key, app, faults_);
    check_ready(key, app.ready);
    if (app.max_retiring == 0)
      fault(key + ".max_retiring", "max_retiring must be at least 1", "write max_retiring = 4");
    if (app.stop.grace == kOff)
      fault(key + ".stop.grace", "the grace cannot be off: a process that ignores the signal would never end",
            R"(write grace = "10s")");
    positive(key + ".limits.connect_timeout", "connect_timeout", app.limits.connect_timeout);
    positive(key + ".limits.response_timeout", "response_timeout", app.limits.response_timeout);
    positive(key + ".limits.body_stall", "body_stall", app.limits.body_stall);
    positive(key + ".limits.stream_idle", "stream_idle", app.limits.stream_idle);
    if (app.limits.max_upstream == 0)
      fault(key + ".limits.max_upstream", "max_upstream must be at least 1", "write max_upstream = 512");
    check_watch(key, app, faults_);
  }

  void check_metrics() {
    const std::string& text = config_.front.metrics;
    if (text.empty()) return;
    const auto parsed = parse_listen(text);
    const auto* wrong = std::get_if<std::string>(&parsed);
    if (wrong != nullptr) fault("front.metrics", *wrong);
  }

  static bool reaches_itself(const AppConfig& app) {
    const auto parsed = parse_listen(app.listen);
    const auto* listen = std::get_if<ListenText>(&parsed);
    return listen != nullptr &&
           std::any_of(listen->addresses.begin(), listen->addresses.end(),
                       [&](const Endpoint& each) { return reaches(*app.external, each); });
  }

  void check_start(const std::string& key, AppConfig& app) {
    const bool outside = app.external || app.attached_later;
    if (outside && !app.command.empty()) {
      fault(key + ".external", "app '" + app.name + "' has a command and is external",
            "berth starts it, or somebody else does: leave one out");
    }
    // An external that cannot be read was meant to be one.
    if (!outside && !faults_.unread(key + ".external") &&
        (app.command.empty() || app.command.front().empty())) {
      fault(key + ".command", "app '" + app.name + "' has no command",
            R"(write command = ["program", "argument"])");
    }
    if (outside && !asks_the_address(app.ready.kind)) {
      fault(key + ".ready", ready_check_text(app.ready) + " asks the command, and berth does not start it",
            "use http or tcp");
    }
    if (app.external && reaches_itself(app)) {
      fault(key + ".external", app.external->text() + " is where users come to: berth would ask itself",
            "name the address of the server, or another listen");
    }
    if (app.listen.empty()) {
      if (!faults_.unread(key + ".listen")) check_worker(key, app, outside);
      return;
    }
    if (app.ready.kind == ReadyConfig::Kind::Started)
      fault(key + ".ready", "that it was started does not say that it answers", "use http, tcp or listen");
    if (outside || app.port.mode == PortMode::External) return;
    check_placeholders(key, app, faults_);
    // Two cannot have one number.
    if (app.port.mode == PortMode::Fixed) app.swap = SwapOrder::StopStart;
  }

  /// An app that nobody comes to is given no port.
  void check_worker(const std::string& key, AppConfig& app, bool outside) {
    using Kind = ReadyConfig::Kind;
    const std::string none = "app '" + app.name + "' has no listen, so nobody comes to it";
    const std::string hint = R"(write listen = "127.0.0.1:8000", or leave it out)";
    if (outside) fault(key + ".external", none, hint);
    if (app.port.mode && app.port.mode != PortMode::External) fault(key + ".port", none, hint);
    if (app.ready.kind == Kind::Http || app.ready.kind == Kind::Tcp || app.ready.kind == Kind::Listen)
      fault(key + ".ready", none + ": " + ready_check_text(app.ready) + " would ask in vain",
            "use notify, log, exec or started");
    app.port.mode = PortMode::None;
    for (const std::string& word : app.command)
      if (placeholder_mode(word)) fault(key + ".command", none + ": there is no " + word, hint);
  }

  /// Whether the check needs nothing of berth's but an address to ask.
  static bool asks_the_address(ReadyConfig::Kind kind) {
    return kind == ReadyConfig::Kind::Http || kind == ReadyConfig::Kind::Tcp;
  }

  void check_path(const std::string& key, const std::string& path) {
    bool clean = path.starts_with("/") && std::all_of(path.begin(), path.end(), [](unsigned char c) {
                   return c > 0x20 && c < 0x7f && c != '#';
                 });
    if (!clean) fault(key, "'" + path + "' is not a path", "it begins with / and has no blanks");
  }

  void check_ready(const std::string& key, const ReadyConfig& ready) {
    using Kind = ReadyConfig::Kind;
    constexpr std::uint32_t kMostSuccesses = 100;
    positive(key + ".ready.timeout", "the readiness timeout", ready.timeout);
    for (const std::string& path : ready.warm) check_path(key + ".ready.warm", path);
    if (ready.successes == 0 || ready.successes > kMostSuccesses)
      fault(key + ".ready.successes", "successes must lie within 1 and 100", "write successes = 1");
    if (ready.successes > 1 && (ready.kind == Kind::Notify || ready.kind == Kind::Log))
      fault(key + ".ready.successes", "successes says nothing with " + ready_check_text(ready),
            "the command says it once: leave out successes, or ask with http, tcp or exec");
    if (ready.kind == Kind::Log) check_pattern(key + ".ready.log", ready.log);
    if (ready.kind == Kind::Exec && (ready.exec.empty() || ready.exec.front().empty()))
      fault(key + ".ready.exec", "the exec check has no command", R"(write exec = ["program", "argument"])");
    if (ready.kind == Kind::Http) check_http(key, ready);
    if (std::any_of(ready.host.begin(), ready.host.end(),
                    [](unsigned char c) { return c <= 0x20 || c >= 0x7f; })) {
      fault(key + ".ready.host", "'" + ready.host + "' cannot be a Host", R"(write host = "localhost")");
    }
  }

  void check_pattern(const std::string& key, const std::string& pattern) {
    if (pattern.empty())
      return fault(key, "the log check has no pattern",
                   R"(every line would match, so write what the right one says: log = "listening on")");
    if (auto wrong = pattern_fault(pattern))
      fault(key, "'" + pattern + "' is not a regular expression: " + wrong->what, wrong->hint);
  }

  void check_http(const std::string& key, const ReadyConfig& ready) {
    check_path(key + ".ready.http", ready.path);
    if (ready.status_min < 100 || ready.status_max > 599 || ready.status_min > ready.status_max) {
      fault(key + ".ready.status", "the status must lie within 100 and 599", R"(write status = "200-299")");
    }
  }

  void positive(const std::string& key, const std::string& name, Milliseconds value) {
    if (value.count() <= 0) fault(key, name + " must be longer than 0", "\"off\" waits for ever");
  }

  Config& config_;
  FaultList faults_;
  std::set<std::string> names_;
};

}  // namespace

int parse_signal(std::string_view text) {
  int number = 0;
  auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && stop == text.data() + text.size())
    return number > 0 && number <= 64 ? number : 0;
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (const SignalName& known : kSignals) {
    if (known.name == text) return known.number;
  }
  return 0;
}

std::string signal_text(int signal) {
  for (const SignalName& known : kSignals) {
    if (known.number == signal) return std::string(known.name);
  }
  return std::to_string(signal);
}

std::vector<ConfigError> complete(Config& config, const Origins& origins) {
  return Checker(config, origins).run();
}

}  // namespace berth
