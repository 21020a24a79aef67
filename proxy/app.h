// The running front: opens the public addresses, starts the workers, one shell per app, the control API and
// the log, and takes them down in order. It knows everybody; nobody but main knows it. Control loop.
#pragma once

#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "proxy/accounts.h"
#include "proxy/control/event_book.h"
#include "proxy/control/server.h"
#include "proxy/control/service.h"
#include "proxy/control/socket_path.h"
#include "proxy/fleet.h"
#include "proxy/guest.h"
#include "proxy/http/data_plane.h"
#include "proxy/inherited.h"
#include "proxy/linux_file_watch.h"
#include "proxy/loop/fd.h"
#include "proxy/observe/log.h"
#include "proxy/public_listeners.h"
#include "proxy/reload.h"
#include "proxy/run_keys.h"
#include "proxy/stop_progress.h"
#include "proxy/swap/app_events.h"
#include "proxy/typed_input.h"

namespace berth {

/// What `berth run` was told beside its configuration.
struct AppStart {
  std::string control_path{};           ///< --control; empty: by the rules of the control socket
  std::string dir{};                    ///< berth's working directory
  std::function<RunConfig()> reread{};  ///< the file as it is now; empty: there is none
  std::string file{};                   ///< absolute; empty: none
  bool watch = false;                   ///< --watch-config: reload when the file is written
  Milliseconds wait{0};                 ///< --wait: for busy addresses, together
  std::optional<GuestWish> guest{};     ///< `berth exec`: what runs once the app is ready
  bool verbose = true;                  ///< false: only what failed is said, on stderr
};

class App final : public control::Service, public swap::AppEvents {
 public:
  App(Config config, AppStart start);
  ~App() override;

  /// Serves until it is stopped. Returns the exit code (design section 10).
  int run();

  void status(std::function<void(control::FrontStatus)> answer) override;
  std::vector<std::string> apps() const override;
  std::shared_ptr<void> swap(const std::string& app, control::SwapRequest request,
                             control::SwapWatch watch) override;
  bool cancel(const std::string& app) override;
  void pause(const std::string& app, const control::PauseRequest& request) override;
  bool resume(const std::string& app) override;
  std::vector<observe::SwapReport> reports(const std::string& app) const override;
  std::vector<observe::ServedCommand> history(const std::string& app) const override;
  std::vector<control::LogLine> log_lines(const std::string& app, std::uint64_t after,
                                          std::size_t limit) const override;
  std::shared_ptr<void> follow_log(const std::string& app,
                                   std::function<void(const control::LogLine&)> on_line) override;
  std::shared_ptr<void> follow_events(std::function<void(const control::Event&)> on_event) override;
  void reload(control::ReloadWatch watch) override;
  void stop(control::StopWatch watch) override;

  void on_log(observe::Level level, const std::string& app, Generation generation,
              const std::string& text) override;
  void on_line(const std::string& app, const control::LogLine& line) override;
  void on_phase(const std::string& app, const observe::PhaseRecord& phase) override;
  void on_state(const std::string& app, const std::string& state) override;
  void on_report(const observe::SwapReport& report) override;
  void on_first_ready(const std::string& app, Generation generation) override;
  void on_first_start_failed(const observe::SwapReport& report) override;
  void on_crashed(const std::string& app, Generation generation, const std::string& what) override;
  void on_stopped(const std::string& app) override;

 private:
  bool executable() const;
  bool open();
  bool open_listeners();
  bool open_accounts();
  void welcome_guest(const control::FrontStatus& front);
  void guest_left();
  void await_signal();
  void take_signal(int number);
  void await_orphans();
  void keep_control_socket();
  void pass_on(std::string_view typed);
  bool terminal_has_gone() const;
  void reload_by_itself(const std::string& why);
  void shut_down();
  /// Retires every app, and ends behind the last of them.
  void stop_apps();
  void tell_waiting(const std::string& text);
  void all_stopped();
  void end(int exit_code);
  void announce();

  const Inherited inherited_ = Inherited::of_process();  // first: nothing else opens a descriptor before
  Config config_;
  const AppStart start_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  boost::asio::io_context io_{1};
  observe::Log log_;
  Guest guest_;
  bool guest_lost_server_ = false;  ///< the one whose own address it was told has ended under it
  boost::asio::signal_set signals_{io_};
  TypedInput typed_{io_, [this](std::string_view text) { pass_on(text); }};
  FileWatch file_watch_{io_};
  const loop::Fd terminal_{::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)};  ///< empty: it has none
  RunKeys keys_{io_, {*this, [this](std::string_view text) { log_.show(text); }, [this] { shut_down(); }}};
  boost::asio::signal_set children_{io_, SIGCHLD};
  boost::asio::steady_timer socket_check_{io_};
  PublicListeners listeners_{inherited_};
  std::optional<control::ControlSocket> control_socket_;
  std::string socket_trouble_;  ///< why it could not be made anew; told once
  Accounts accounts_{
      io_,
      {.inherited = inherited_, .standard = start_.guest ? 2 : 1, .warn = [this](const std::string& text) {
         log_.line(observe::Level::Warn, {}, {}, text);
       }}};  ///< before the workers, which write its access log
  control::EventBook events_;
  std::unique_ptr<http::DataPlane> plane_;
  std::unique_ptr<Fleet> fleet_;
  std::optional<Reloader> reloader_;
  std::unique_ptr<control::Server> server_;
  std::vector<control::StopWatch> stop_asked_;
  StopProgress stop_progress_{io_,
                              [this](StopProgress::Apps answer) {
                                if (running_ > 0) fleet_->status(std::move(answer));
                              },
                              [this](const std::string& text) { tell_waiting(text); }};
  std::uint64_t cut_ = 0;                     ///< requests of all apps, by the end of berth
  std::optional<control::SwapResult> worst_;  ///< of all apps' ends
  std::size_t running_ = 0;                   ///< shells that have not told their end
  enum class Phase : std::uint8_t { Serving, Stopping, Hurried, Ended } phase_ = Phase::Serving;
  int exit_code_ = 0;
};

}  // namespace berth
