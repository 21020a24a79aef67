// Counts what a run's requests came to: as a whole, by kind, by second and by window. Lives in the driver's
// thread; knows no socket and asks no clock.
#pragma once

#include <chrono>
#include <string>

#include "bench/load/load.h"

namespace berth::load {

/// One per run.
class Tally {
 public:
  using Clock = std::chrono::steady_clock;

  Tally(Clock::time_point started, std::chrono::milliseconds window_tail);

  /// A right answer after `took`, at `now`.
  void answered(RequestKind kind, Clock::duration took, Clock::time_point now);
  /// `what` is kept as a sample while there are few; what is the same is counted.
  void failed(RequestKind kind, FailureKind how, Clock::time_point now, const std::string& what);
  /// A failure that is no request's: an event stream's, a WebSocket's.
  void failed(FailureKind how, Clock::time_point now, const std::string& what);

  /// Time goes on: seconds and windows that are over by `now` are closed. Cheap when none is.
  void tick(Clock::time_point now) {
    if (now >= next_) roll(now);
  }
  void begin_window(Clock::time_point now);
  void end_window(Clock::time_point now);

  /// The sums; the run ends at `now`.
  LoadResult finish(Clock::time_point now);
  LoadResult& result() { return result_; }
  std::uint64_t failures() const { return failures_; }  ///< of every kind, until now
  /// The last whole second; `requests` 0 before there is one.
  const SecondFigures& last_second() const { return last_; }

 private:
  void roll(Clock::time_point now);
  void close_second();
  void close_window(Clock::time_point at);
  void gap(Clock::time_point now);

  const Clock::time_point started_;
  const std::chrono::milliseconds tail_;
  Clock::time_point next_;  ///< when something is to be closed
  Clock::time_point second_ends_;
  Clock::time_point last_answer_;
  SecondFigures second_, last_;
  Histogram second_latency_;
  /// A failure that happened as others did: told once.
  struct Sample {
    Clock::time_point first, last;
    std::string what;
    std::uint64_t count = 1;
  };
  static std::string sample_text(const Sample& sample, Clock::time_point started);
  std::vector<Sample> samples_;
  enum class Window : std::uint8_t { None, Open, Tail } state_ = Window::None;
  Clock::time_point window_ends_;
  WindowFigures window_;
  Histogram window_latency_;
  Clock::time_point window_closed_;  ///< the last one
  std::uint64_t failures_ = 0;
  LoadResult result_;
};

}  // namespace berth::load
