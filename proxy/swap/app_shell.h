// One app in the running front: performs what the supervisor machine decides. The one place where backends
// and the data plane meet. Decides nothing about swaps; knows no HTTP, no terminal and no configuration file.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "proxy/control/service.h"
#include "proxy/observe/swap_tally.h"
#include "proxy/swap/app_events.h"
#include "proxy/swap/details.h"
#include "proxy/swap/health_watch.h"
#include "proxy/swap/history.h"
#include "proxy/swap/hooks.h"
#include "proxy/swap/launcher.h"
#include "proxy/swap/log_book.h"
#include "proxy/swap/plane.h"
#include "proxy/swap/port_watch.h"
#include "proxy/swap/report_book.h"
#include "proxy/swap/supervisor_machine.h"

namespace berth::swap {

struct ShellSettings {
  AppConfig app;
  std::vector<ListenerConfig> listeners;  ///< of each of its addresses, for the status
  Patience patience;                      ///< see patience_of()
  std::vector<std::string> addresses;     ///< "127.0.0.1:8000", for the status
  std::string control_path;               ///< BERTH_CONTROL of its backends; empty: not set
  std::string runtime_dir;                ///< where its backends' unix sockets go; empty: /tmp
};

/// Lives on the control loop, for as long as its app is served. Its destruction kills what still runs,
/// without proof; the orderly way is shutdown() and on_stopped.
class AppShell final : public backend::BackendEvents {
 public:
  /// Everything referred to outlives the shell.
  AppShell(boost::asio::io_context& control, ShellSettings settings, Plane& plane, Launcher& launcher,
           AppEvents& owner);
  ~AppShell() override;
  AppShell(const AppShell&) = delete;
  AppShell& operator=(const AppShell&) = delete;

  const std::string& name() const { return settings_.app.name; }

  /// Starts the configured command, or checks the configured server, as the first generation; waits where
  /// one is to be attached later. Once.
  void start();
  /// Destroying the handle stops the callbacks; the swap goes on. Callbacks may come before this returns.
  std::shared_ptr<void> swap(control::SwapRequest request, control::SwapWatch watch);
  /// Ends the running swap as Cancelled. False: none ran, or its switch was already sent.
  bool cancel();
  /// New requests wait until resume(), whatever is swapped meanwhile.
  void pause(const control::PauseRequest& request);
  /// False: it was not paused.
  bool resume();
  /// Starts nothing any more and retires everything; on_stopped follows, and `stopped` with the outcome of
  /// all retirements since. May be called again: each `stopped` is called.
  void shutdown(std::function<void(control::SwapResult)> stopped);
  /// Only after shutdown(): without drain and grace.
  void hurry();

  /// Its state as the status has it: "serving", "swapping".
  std::string state_word() const;
  /// Asynchronous, because counters are gathered from the workers.
  void status(std::function<void(control::AppStatus)> answer) const;
  /// Newest first, at most 50.
  std::vector<observe::SwapReport> reports() const { return book_.reports(); }
  /// What has served, newest first, at most History::kKept.
  std::vector<observe::ServedCommand> history() const { return history_.rows(); }
  /// Lines with number > after, at most `limit` of the newest.
  std::vector<control::LogLine> log_lines(std::uint64_t after, std::size_t limit) const;
  std::shared_ptr<void> follow_log(std::function<void(const control::LogLine&)> on_line);

  /// What a reload of the file has changed: for the next start, the next request and the status. What the
  /// running command was started with is its own until a swap.
  void reconfigure(const AppConfig& app, std::vector<ListenerConfig> listeners,
                   std::vector<std::string> addresses);

  /// As if typed at the terminal of the command that was started last.
  void type(std::string_view text);

  void on_started(Generation generation, const backend::Started& started) override;
  void on_note(Generation generation, const std::string& text) override;
  void on_line(Generation generation, bool is_stderr, std::string_view line) override;
  void on_unready(Generation generation, const std::string& answer, unsigned times) override;
  void on_ready(Generation generation, const backend::Ready& ready) override;
  void on_moved(Generation generation, const backend::Ready& ready) override;
  void on_start_failed(Generation generation, const backend::StartFailure& failure) override;
  void on_exited(Generation generation, const backend::ExitStatus& status) override;
  void on_stopped(Generation generation, const backend::Stopped& stopped) override;
  void on_released(Generation generation, const backend::ReleaseCertificate& certificate) override;

 private:
  /// What an ask means.
  struct Wish {
    observe::SwapCause cause = observe::SwapCause::Swap;
    /// "The same again" means what serves when its turn comes, which a swap before it may still change.
    enum class Same : std::uint8_t { No, Again } same = Same::No;
    std::string own_dir;  ///< what an "again" said itself, as the next
    std::map<std::string, std::string> own_env;
    std::vector<std::string> command;
    std::optional<Endpoint> external{};  ///< a server that runs already, instead of a command
    std::string dir;
    std::map<std::string, std::string> env;
    Moment asked{0};
    ReportBook::Watch watch;
  };
  /// What is known of one generation, from its start until it is forgotten.
  struct Seat {
    std::unique_ptr<Launched> backend;
    std::vector<std::string> command;
    bool external = false;  ///< berth did not start it
    bool served = false;    ///< before: it was kept, and came again
    Generation replaced{};  ///< at its last switch; 0: none
    Moment born{0};
    std::optional<backend::Started> started;
    std::optional<backend::Ready> ready;
    std::optional<backend::StartFailure> failure;
    std::optional<ReportBook::Reason> unwanted;  ///< its required hook has failed
    std::optional<backend::ExitStatus> ended;    ///< before it was asked to
    std::optional<http::DrainOutcome> drained;
    std::optional<backend::ReleaseCertificate> certificate;
    observe::PhaseName phase = observe::PhaseName::Start;  ///< the last begun
    Moment phase_began{0};
    CutCause cut = CutCause::None;
    KillCause kill = KillCause::None;
  };

  Moment now() const;
  static std::int64_t unix_ms_now();
  void feed(const SupervisorEvent& event);
  void feed(SupervisorEventKind kind, Generation generation) {
    feed({.kind = kind, .generation = generation, .ask = {}});
  }
  void perform(const SupervisorAction& action);
  void arm();
  void remark(observe::Level level, Generation generation, const std::string& text);
  void log(observe::Level level, Generation generation, const std::string& text);
  Seat* find(Generation generation);

  void begin(const SupervisorAction& action);
  void launch(const SupervisorAction& action);
  void vacated(const SupervisorAction& action);
  void switch_target(Generation generation);
  void watch_drain(Generation generation);
  void cut_others(Generation generation);
  void cut(Generation generation);
  void stop(Generation generation);
  void kill(Generation generation);
  void release(Generation generation);
  static std::string release_detail(const Seat& seat);
  void forget(Generation generation);
  void tell_switched(Generation generation);
  void tell_abandoned(const SupervisorAction& action);
  void tell_crashed(Generation generation);
  void tell_warmed(Generation generation);
  void tell_revived(Generation generation);
  HookSettings hook_settings() const;
  void run_hook(HookName name, Generation generation, const std::string& reason = {});
  HookFacts hook_facts(HookName name, Generation generation) const;
  void wait_for_ready_hook(Generation generation);
  void pass_ready(Generation generation, const std::string& also = {});
  void ready_hook_ended(Generation generation, const std::optional<HookFailure>& failure);
  void take_hook_line(const HookFacts& facts, bool is_stderr, std::string_view line);
  void hook_failed(const HookFailure& failure);
  void watch_health();
  void fell();
  void rose();
  std::string unhealthy_text() const;
  void port_closed(Generation generation);
  void port_open(Generation generation, std::chrono::milliseconds after);
  std::string closed_text(Generation generation) const;
  std::string why_held() const;
  control::PauseStatus pause_status() const;
  void set_gate();
  void tell_state();
  void tell_overdue(Generation generation);
  void answer(const SupervisorAction& action, control::SwapResult::Kind kind, const std::string& reason);
  void tell_queued(const Ask& ask);
  void tell_first_failed(Generation generation);
  void rest();
  void finish();
  void finish_if_told();
  void finish_now();
  void report_closed(const observe::SwapReport& report);
  const Wish& last_wish() const { return wish_number(state_.restart); }
  /// What served before.
  const Wish& previous_wish() const { return wish_number(state_.previous); }
  const Wish& wish_number(std::uint64_t number) const;
  static ServedAs served_as(const Wish& wish);
  /// Whether a rollback is one switch, to the generation that is kept warm.
  bool goes_to_warm(const control::SwapRequest& request) const;
  std::string rollback_objection(const control::SwapRequest& request) const;
  Wish way_back(const control::SwapRequest& request) const;
  void resolve(Wish& wish) const;
  Wish wish_of(const control::SwapRequest& request) const;
  std::string objection(const control::SwapRequest& request) const;
  QueuePolicy queue_policy(const control::SwapRequest& request, const Wish& wish) const;
  const Retirement* retirement(Generation generation) const;
  control::AppStatus status_now() const;
  std::int64_t left_ms(Generation generation, const Seat& seat) const;
  std::string state_text(Generation generation) const;
  void begin_phase(Generation generation, observe::PhaseName name);
  std::function<void()> guarded(std::function<void()> call) const;

  boost::asio::io_context& control_;
  ShellSettings settings_;
  Plane& plane_;
  Launcher& launcher_;
  AppEvents& owner_;
  const std::chrono::steady_clock::time_point origin_;
  std::shared_ptr<char> alive_;  ///< what outlives the shell asks it first

  Supervisor state_;
  std::deque<SupervisorEvent> events_;  ///< those that came while one was being taken
  enum class Taking : std::uint8_t { Nothing, Event } taking_ = Taking::Nothing;
  boost::asio::steady_timer timer_;
  Moment armed_ = kNever;
  boost::asio::steady_timer last_wait_;  ///< for the counters of the last reports

  struct Paused {
    control::PauseRequest request;
    std::int64_t since_unix_ms = 0;
    Moment until = kNever;
  };
  std::optional<Paused> paused_;
  boost::asio::steady_timer pause_end_;
  Hooks hooks_;
  HealthWatch health_;
  Generation watched_{};  ///< whom it asks; 0: nobody
  PortWatch port_;
  std::string told_state_;
  std::string gate_;  ///< why requests wait although something serves; empty: they do not

  std::uint64_t asks_ = 0;
  std::map<std::uint64_t, Wish> wishes_;
  std::map<Generation, Seat> seats_;
  std::deque<control::GenerationStatus> unreleased_;
  LogBook lines_;
  observe::SwapTally swaps_;
  ReportBook book_;
  History history_;
  std::vector<std::function<void(control::SwapResult)>> stopped_;
  control::SwapResult farewell_;  ///< what the shutdown will answer
  enum class End : std::uint8_t { Ahead, Waiting, Told } end_ = End::Ahead;
};

}  // namespace berth::swap
