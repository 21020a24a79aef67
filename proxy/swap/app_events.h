// What an app tells its owner (proxy/app): what is worth a log line, and the turning points of its life.
// Knows neither the log nor the terminal.
#pragma once

#include <string>

#include "proxy/control/service.h"
#include "proxy/observe/log.h"
#include "proxy/observe/report.h"

namespace berth::swap {

/// Told on the control loop. The owner may call the shell from within; the shell must not be destroyed then.
class AppEvents {
 public:
  virtual ~AppEvents() = default;
  /// One sentence for the log, without the app's name and generation.
  virtual void on_log(observe::Level level, const std::string& app, Generation generation,
                      const std::string& text) = 0;
  /// A backend wrote a line.
  virtual void on_line(const std::string& app, const control::LogLine& line) = 0;
  /// A phase of a swap or a retirement has begun or ended.
  virtual void on_phase(const std::string&, const observe::PhaseRecord&) {}
  /// Its state as the status has it is another.
  virtual void on_state(const std::string&, const std::string&) {}
  /// A swap and its retirement are over.
  virtual void on_report(const observe::SwapReport&) {}
  /// The app's first generation serves. Once.
  virtual void on_first_ready(const std::string& app, Generation generation) = 0;
  /// The first start came to nothing. At most once; the shell goes on trying with backoff unless it is shut
  /// down.
  virtual void on_first_start_failed(const observe::SwapReport& report) = 0;
  /// What served has ended by itself. `what`: how, and what follows, in one sentence without a subject.
  virtual void on_crashed(const std::string&, Generation, const std::string& what) {
    static_cast<void>(what);
  }
  /// Everything is gone that the app ever started, or named as unreleased. Once, after shutdown().
  virtual void on_stopped(const std::string& app) = 0;
};

}  // namespace berth::swap
