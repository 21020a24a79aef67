#include "proxy/app.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <system_error>

#include "backend/address.h"
#include "backend/command.h"
#include "config/duration_text.h"
#include "config/mode_text.h"
#include "config/version.h"
#include "config/whole_listeners.h"
#include "proxy/public_wait.h"
#include "proxy/say.h"
#include "proxy/service_manager.h"
#include "proxy/signal_meaning.h"

namespace berth {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongCall = 2;
constexpr int kWaitedInVain = 4;
constexpr std::chrono::seconds kSocketCheck{1};

/// What nohup has seen to stays so.
bool ignored(int signal) {
  struct sigaction now {};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// "http://127.0.0.1:8000", "tcp://127.0.0.1:5432", "unix:/run/a.sock"
std::string url_text(AppMode mode, const std::string& address) {
  return (address.starts_with("unix:") ? "" : std::string(mode_text(mode)) + "://") + address;
}

/// What runs in the foreground of `berth exec` has stdout for itself.
observe::LogSettings log_settings(const AppStart& start, const LogConfig& config) {
  observe::LogSettings settings;
  settings.format = observe::format_of(config);
  settings.least = observe::level_of(config);
  if (start.guest) settings.fd = STDERR_FILENO;
  if (!start.verbose) settings.least = observe::Level::Error;
  return settings;
}

}  // namespace

App::App(Config config, AppStart start)
    : config_(std::move(config)), start_(std::move(start)), log_(log_settings(start_, config_.front.log)) {}

App::~App() = default;

int App::run() {
  // The second line behind the keepers: what loses its keeper comes to berth, not to init.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (!executable()) return start_.guest ? Guest::kBerthFailed : kWrongCall;
  if (!open()) return start_.guest ? Guest::kBerthFailed : exit_code_;
  await_signal();
  await_orphans();
  keep_control_socket();
  // The guest of `berth exec` has the terminal for itself.
  const bool asked =
      std::any_of(config_.apps.begin(), config_.apps.end(), [](const auto& a) { return a.tty; });
  if (asked && !start_.guest) typed_.start();
  if (start_.watch) {
    const std::string wrong =
        file_watch_.start(start_.file, [this] { reload_by_itself(start_.file + " was written"); });
    if (!wrong.empty()) log_.line(observe::Level::Warn, {}, {}, wrong);
  }
  if (!asked && !start_.guest) keys_.start();
  fleet_->start_ready();
  io_.run();
  // In this order: the API first, since it asks the others; the workers last, since they carry the last
  // answers.
  accounts_.close();
  server_.reset();
  fleet_.reset();
  plane_.reset();
  return exit_code_;
}

/// A command that cannot be executed at all is an error of the call, told before the address is promised to
/// anyone.
bool App::executable() const {
  for (const AppConfig& app : config_.apps) {
    if (app.command.empty()) continue;
    backend::LaunchSpec spec;
    spec.app = app.name;
    spec.env = app.env;
    const Endpoint somewhere = Endpoint::loopback_v4(0);
    const std::string failure =
        backend::find_command(backend::fill_in(app.command.front(), somewhere), app.dir,
                              backend::child_environment(spec, PortMode::Lease, somewhere, environ))
            .failure;
    if (failure.empty()) continue;
    say(STDERR_FILENO, "berth: cannot start " + app.name + ": " + failure + "\n");
    return false;
  }
  return true;
}

/// Takes everything that can be refused, before anything is started.
bool App::open() {
  exit_code_ = kFailed;  // until all is open
  if (!open_listeners() || !open_accounts()) return false;
  const std::vector<std::string> addresses = listeners_.addresses();
  auto made =
      control::ControlSocket::make(start_.control_path, addresses.empty() ? "apps" : addresses.front(),
                                   control::Surroundings::of_process());
  if (const auto* wrong = std::get_if<std::string>(&made)) {
    say(STDERR_FILENO, "berth: " + *wrong + "\n");
    return false;
  }
  control_socket_.emplace(std::move(std::get<control::ControlSocket>(made)));

  const std::string runtime_dir = std::filesystem::path(control_socket_->path()).parent_path().string();
  backend::remove_stale_dirs(runtime_dir);

  plane_ = std::make_unique<http::DataPlane>(io_, config_.front.workers, [this] {
    log_.line(observe::Level::Warn, {}, {},
              "out of file descriptors: new connections wait until others end (ulimit -n tells the limit)");
  });
  fleet_ =
      std::make_unique<Fleet>(io_, *plane_, *this, Fleet::Settings{control_socket_->path(), runtime_dir});
  accounts_.apply(config_.front, *plane_, *this);
  reloader_.emplace(config_, Reloader::Parts{*plane_, listeners_, *fleet_, accounts_, log_, *this},
                    start_.reread);
  for (const AppConfig& app : config_.apps) reloader_->add(app);
  reloader_->serve();
  exit_code_ = start_.guest ? Guest::kBerthFailed : 0;  // until the guest has given its own
  server_ = std::make_unique<control::Server>(io_, control_socket_->release_fd(), *this);
  accounts_.await_signal();
  // Before anybody is told that it runs: who is told may stop it at once.
  for (int number : awaited_signals()) {
    // A debugger or a sanitizer may keep some of the real-time signals for itself.
    boost::system::error_code not_ours;
    if (number != SIGHUP || !ignored(SIGHUP)) signals_.add(number, not_ours);
  }
  announce();
  notify_service_manager("READY=1");
  for (const std::string& text : listeners_.left_over(config_)) log_.line(observe::Level::Warn, {}, {}, text);
  for (const std::string& text : listeners_.warnings()) log_.line(observe::Level::Warn, {}, {}, text);
  return true;
}

bool App::open_accounts() {
  const std::string wrong = accounts_.open(config_.front);
  if (!wrong.empty()) say(STDERR_FILENO, "berth: " + wrong + "\n");
  return wrong.empty();
}

bool App::open_listeners() {
  constexpr Milliseconds kYear = std::chrono::hours(24 * 365);
  const auto deadline = begun_ + std::min(start_.wait, kYear);
  const auto tell = [](const std::string& text) { say(STDERR_FILENO, "berth: " + text + "\n"); };
  const std::string wrong =
      listeners_.open(config_.listeners, [&](const ListenerConfig& listener, const Inherited& inherited) {
        if (start_.wait == Milliseconds(0)) return open_public(listener, inherited);
        AwaitedSockets awaited = await_public(listener, inherited, deadline, [&](const std::string& busy) {
          const bool endless = start_.wait == kOff;
          tell("waiting" + (endless ? "" : " up to " + duration_text(start_.wait)) + ": " + busy);
        });
        if (awaited.gave_up) exit_code_ = kWaitedInVain;
        return std::move(awaited.sockets);
      });
  if (!wrong.empty()) tell(wrong);
  return wrong.empty();
}

void App::announce() {
  if (start_.guest) return;
  std::vector<std::string> lines;
  for (const ListenerConfig& listener : whole_listeners(config_.listeners))
    for (const std::string& address : listeners_.addresses(listener.text))
      lines.push_back("listening on " + url_text(listener.mode, address));
  for (const std::string& line : accounts_.announcement()) lines.push_back(line);
  lines.push_back("control socket " + control_socket_->path());
  for (const std::string& line : lines) {
    // Whoever reads objects is to find nothing else.
    if (config_.front.log.format == LogFormat::Json)
      log_.announce(line);
    else
      say(STDOUT_FILENO, "berth: " + line + "\n");
  }
}

/// At most one app reads the terminal.
void App::pass_on(std::string_view typed) {
  for (const AppConfig& app : config_.apps)
    if (app.tty) fleet_->shell(app.name).type(typed);
}

/// Who cleans up old files in /tmp may take the socket's name away; nobody could ask this berth for anything
/// then.
void App::keep_control_socket() {
  socket_check_.expires_after(kSocketCheck);
  socket_check_.async_wait([this](boost::system::error_code error) {
    if (error || phase_ != Phase::Serving) return;
    std::string trouble;
    if (control_socket_->renew(trouble)) {
      server_->listen(control_socket_->release_fd());
      log_.line(observe::Level::Warn, {}, {}, "the control socket was gone; it is there again");
    } else if (!trouble.empty() && trouble != socket_trouble_) {
      log_.line(observe::Level::Warn, {}, {},
                "the control socket is gone, and cannot be made anew: " + trouble);
    }
    socket_trouble_ = trouble;
    keep_control_socket();
  });
}

/// Nobody follows it but the log.
void App::reload_by_itself(const std::string& why) {
  log_.line(observe::Level::Info, {}, {}, "reload: " + why);
  reload({.on_change = [](const std::string&) {}, .on_result = [](const control::SwapResult&) {}});
}

void App::status(std::function<void(control::FrontStatus)> answer) {
  using std::chrono::duration_cast;
  auto front = std::make_shared<control::FrontStatus>();
  front->version = std::string(kVersion);
  front->pid = ::getpid();
  front->dir = start_.dir;
  front->workers = plane_->workers();
  front->uptime_ms =
      duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_).count();
  front->log_dropped = log_.dropped();
  front->access_log_dropped = accounts_.dropped();
  plane_->front_tally([this, front, answer = std::move(answer)](const route::Tally& tally) {
    front->tally = tally;
    fleet_->status([front, answer](std::vector<control::AppStatus> apps) {
      front->apps = std::move(apps);
      answer(std::move(*front));
    });
  });
}

std::vector<std::string> App::apps() const { return fleet_->names(); }

std::shared_ptr<void> App::swap(const std::string& app, control::SwapRequest request,
                                control::SwapWatch watch) {
  return fleet_->shell(app).swap(std::move(request), std::move(watch));
}

bool App::cancel(const std::string& app) { return fleet_->shell(app).cancel(); }

void App::pause(const std::string& app, const control::PauseRequest& request) {
  fleet_->shell(app).pause(request);
}

bool App::resume(const std::string& app) { return fleet_->shell(app).resume(); }

std::vector<observe::SwapReport> App::reports(const std::string& app) const {
  return fleet_->shell(app).reports();
}

std::vector<observe::ServedCommand> App::history(const std::string& app) const {
  return fleet_->shell(app).history();
}

std::vector<control::LogLine> App::log_lines(const std::string& app, std::uint64_t after,
                                             std::size_t limit) const {
  return fleet_->shell(app).log_lines(after, limit);
}

std::shared_ptr<void> App::follow_log(const std::string& app,
                                      std::function<void(const control::LogLine&)> on_line) {
  return fleet_->shell(app).follow_log(std::move(on_line));
}

void App::reload(control::ReloadWatch watch) {
  if (phase_ != Phase::Serving)
    return watch.on_result({control::SwapResult::Kind::Refused, "berth is stopping", {}});
  control::ReloadWatch logged;
  logged.on_change = [this, tell = watch.on_change](const std::string& text) {
    log_.line(observe::Level::Info, {}, {}, "reload: " + text);
    events_.tell({}, control::Event::Change{text});
    tell(text);
  };
  logged.on_result = [this, tell = watch.on_result](const control::SwapResult& result) {
    const bool done = result.kind == control::SwapResult::Kind::Done;
    if (done) log_.line(observe::Level::Info, {}, {}, "reloaded");
    // A line for each fault of the file.
    std::istringstream lines(done ? std::string() : result.reason);
    for (std::string line; std::getline(lines, line);)
      log_.line(observe::Level::Error, {}, {}, "reload failed: " + line);
    events_.tell({}, control::Event::Reloaded{result});
    tell(result);
  };
  reloader_->reload(logged);
}

}  // namespace berth
