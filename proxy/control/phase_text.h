// Swaps as text for people: the phases line by line, the last line, the screen of a failure, `berth why`.
// Pure: values in, text out.
#pragma once

#include <chrono>
#include <string>

#include "proxy/control/service.h"
#include "proxy/control/terminal.h"
#include "proxy/observe/report.h"

namespace berth::control {

/// Writes one swap's phases below each other; a generation is named once, where its lines begin.
class PhaseText {
 public:
  PhaseText(std::string app, bool colour) : app_(std::move(app)), paint_(colour) {}

  /// The line of a phase that ended or failed, without a newline.
  std::string ended(const observe::PhaseRecord& phase);
  /// The line of a phase that has run for `elapsed`; where its ended() stands later. Without colours, so that
  /// it can be cut to the terminal's width.
  std::string running(const observe::PhaseRecord& phase, std::chrono::microseconds elapsed) const;

 private:
  std::string lead(Generation generation, const Paint& paint) const;

  std::string app_;
  Paint paint_;
  Generation last_;
};

/// "done: serving generation 7 after 413 ms; 0 requests failed, 0 held", or the screen that says what failed,
/// why, and what to do. Ends with a newline.
std::string result_text(SwapResult::Kind kind, const std::string& reason, const observe::SwapReport* report,
                        Paint paint);

/// Of --wait=switch.
std::string switched_text(const observe::SwapReport& report, Paint paint);

/// `berth why`: one report, whole, in sentences first. `now`: see why_sentences().
std::string why_text(const observe::SwapReport& report, bool colour, unsigned columns = 80,
                     const AppStatus* now = nullptr);

/// "2026-11-21 12:00:01" in the local time zone.
std::string clock_text(std::int64_t unix_ms);

}  // namespace berth::control
