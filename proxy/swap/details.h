// The words of a report: what the detail of each phase says. Knows the facts that backends and workers tell,
// no machine and no loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "backend/backend.h"
#include "proxy/http/data_plane.h"
#include "proxy/swap/supervisor_machine.h"

namespace berth::swap {

/// Why the exchanges of a retiring generation were cut.
enum class CutCause : std::uint8_t {
  None,      ///< they were not
  Deadline,  ///< the drain deadline passed
  Hurry,     ///< too many retire, or a second signal came
  Death,     ///< the backend ended while it drained
};

/// Why KILL was sent before the grace had passed.
enum class KillCause : std::uint8_t {
  None,     ///< it was not, by us
  Overdue,  ///< no answer within grace and slack
  Force,    ///< a second signal, or too many retire
};

/// "pid 4132 on 41507 (lease)", "127.0.0.1:9000 (external)"
std::string start_detail(const backend::Started& started);
/// "GET / 200", "GET / 200 on [::1]:5174, where it listens"
std::string ready_detail(const backend::Ready& ready);
/// "2 workers"
std::string switch_detail(unsigned workers);
/// "12 requests finished, 3 requests and 1 tunnel cut at the drain deadline"; no outcome: a worker did not
/// answer
std::string drain_detail(const std::optional<http::DrainOutcome>& outcome, CutCause cause);
/// "exit 0 after TERM", "ended by TERM", "killed after the grace of 10 s", "exit 1 by itself". `ended`: how
/// it ended before it was asked to
std::string stop_detail(const backend::Stopped& stopped, const StopConfig& config,
                        const std::optional<backend::ExitStatus>& ended, KillCause cause);
/// Why a swap was given up, for what the backend did not say itself.
std::string end_text(SwapEnd end, const std::optional<backend::ExitStatus>& ended);
/// "TERM", "signal 99"
std::string signal_name(int signal);

}  // namespace berth::swap
