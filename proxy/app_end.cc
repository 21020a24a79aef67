// How a running front ends: what signals ask for, and the way down.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "proxy/app.h"
#include "proxy/say.h"
#include "proxy/service_manager.h"
#include "proxy/signal_meaning.h"

namespace berth {
namespace {

constexpr int kFailed = 1;
constexpr int kUnreleased = 5;

}  // namespace

void App::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    take_signal(number);
    await_signal();
  });
}

void App::take_signal(int number) {
  // It comes again every second.
  if (number == SIGXCPU && phase_ != Phase::Serving) return;
  const SignalMeaning meaning = meaning_of(number);
  if (meaning == SignalMeaning::Nothing || meaning == SignalMeaning::Upgrade) {
    if (guest_.runs()) return guest_.signal(number);
    return log_.line(observe::Level::Warn, {}, {},
                     signal_name_text(number) + " came, which means nothing to berth");
  }
  // The terminal has gone, or somebody asks for the file to be read again, as with most servers.
  const bool reloads = meaning == SignalMeaning::Reload && start_.reread && !terminal_has_gone();
  if (reloads) return reload_by_itself("SIGHUP");
  // The guest's end is the end; it may take its time over it.
  if (guest_.runs()) return guest_.signal(number);
  if (start_.guest && phase_ == Phase::Serving)
    say(STDERR_FILENO,
        "berth: ended before the server was ready; " + start_.guest->command.front() + " was not run\n");
  shut_down();
}

/// What lost its keeper came to this process and ends here: nobody else would collect it. (Keepers have their
/// own watch, which needs nothing of what is thrown away here.)
void App::await_orphans() {
  children_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    int status = 0;
    while (const int pid = std::max(::waitpid(-1, &status, WNOHANG), 0))
      if (guest_.ended(pid, status)) guest_left();
    await_orphans();
  });
}

/// SIGHUP comes of a terminal that closes, too: then nobody wants the file to be read again.
bool App::terminal_has_gone() const { return terminal_.is_open() && ::tcgetpgrp(terminal_.get()) < 0; }

/// The first call stops listening and retires everything; the second hurries; the third leaves it to the
/// keepers.
void App::shut_down() {
  switch (phase_) {
    case Phase::Serving:
      phase_ = Phase::Stopping;
      notify_service_manager("STOPPING=1");
      log_.line(observe::Level::Info, {}, {}, "stopping: no new connections; once more to hurry");
      guest_.signal(SIGTERM);
      // The apps refuse what comes from then on: not before whoever has connected is with them.
      listeners_.close(*plane_, [this] { stop_apps(); });
      stop_progress_.start();
      return;
    case Phase::Stopping:
      phase_ = Phase::Hurried;
      log_.line(observe::Level::Warn, {}, {}, "hurrying: connections are cut and backends killed");
      if (running_ > 0) fleet_->hurry();
      return;
    case Phase::Hurried:
      return end(kFailed);
    case Phase::Ended:
      return;
  }
}

void App::stop_apps() {
  running_ = fleet_->size();
  fleet_->shutdown([this](const control::SwapResult& result) {
    if (!worst_ || worst_->kind == control::SwapResult::Kind::Done) worst_ = result;
    if (result.report) cut_ += result.report->requests_cut;
    if (--running_ == 0) all_stopped();
  });
  if (phase_ == Phase::Hurried && running_ > 0) fleet_->hurry();
}

void App::tell_waiting(const std::string& text) {
  log_.line(observe::Level::Info, {}, {}, text);
  for (const control::StopWatch& watch : stop_asked_)
    if (watch.on_waiting) watch.on_waiting(text);
}

void App::all_stopped() {
  stop_progress_.stop();
  control::SwapResult result = worst_.value_or(control::SwapResult{});
  const std::string cut = std::to_string(cut_) + (cut_ == 1 ? " request was cut" : " requests were cut");
  if (cut_ != 0 && result.reason.empty()) result.reason = cut;
  if (cut_ != 0) log_.line(observe::Level::Warn, {}, {}, cut);
  for (const control::StopWatch& watch : stop_asked_) watch.on_result(result);
  if (result.kind == control::SwapResult::Kind::Unreleased) {
    log_.line(observe::Level::Error, {}, {}, result.reason);
    const int unreleased = start_.guest ? Guest::kBerthFailed : kUnreleased;
    if (exit_code_ == 0) exit_code_ = unreleased;
  }
  server_->close([this] { end(exit_code_); });
}

void App::end(int exit_code) {
  phase_ = Phase::Ended;
  exit_code_ = exit_code;
  io_.stop();
}

void App::stop(control::StopWatch watch) {
  stop_asked_.push_back(std::move(watch));
  if (phase_ == Phase::Serving) shut_down();
}

}  // namespace berth
