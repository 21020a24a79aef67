// What a swap leaves behind for its readers (promise P12): its phases, their times, the reason for its
// outcome. Plain values; who writes them is proxy/swap, who shows them proxy/control.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "proxy/observe/drain_count.h"

namespace berth::observe {

enum class PhaseName : std::uint8_t {
  Start,    ///< the new command runs
  Ready,    ///< its check passed
  Switch,   ///< every worker has the new target
  Drain,    ///< the old one's exchanges have ended
  Stop,     ///< the old one's tree is empty
  Release,  ///< its port is proven free
};
enum class PhaseState : std::uint8_t { Running, Done, Failed };

/// One line of `berth swap`: "ready 412 ms GET / 200".
struct PhaseRecord {
  Generation generation;
  PhaseName name = PhaseName::Start;
  PhaseState state = PhaseState::Running;
  std::chrono::microseconds took{0};  ///< of this phase alone; 0 while running
  std::string detail;  ///< "pid 4132 on 41507 (lease)", "12 requests finished", "exit 0 after TERM"
};

enum class SwapCause : std::uint8_t {
  FirstStart,
  Swap,
  Restart,
  Crash,
  Shutdown,
  Attach,
  Detach,
  Rollback,
  Health,
  Key,    ///< the s key of `berth run`
  Reload  ///< the file has another command
};

enum class SwapOutcome : std::uint8_t {
  Running,
  Done,        ///< serving the new generation; the old one is released (or still retiring, see `retiring`)
  Failed,      ///< the new one never served; the old one (if any) serves on
  Cancelled,   ///< as Failed, because somebody asked
  Unreleased,  ///< switched, but the old one's release is not proven
};

/// The reason of a swap that the end of berth cut short: then nothing serves on.
inline constexpr std::string_view kBerthStopped = "berth was stopped";

/// The reason of a start that was cancelled with nothing behind it: it is not tried again by itself.
inline constexpr std::string_view kWaitsForSwap = "waiting for `berth swap` or `berth restart`";

/// One swap with the retirement of the generation it replaced.
struct SwapReport {
  std::uint64_t id = 0;  ///< counts up within one app
  std::string app;
  SwapCause cause = SwapCause::Swap;
  SwapOrder order = SwapOrder::Overlap;
  Generation from;  ///< 0: there was none
  Generation to;    ///< 0: none was to come
  Generation back;  ///< serves the command of `from` again, because `to` came to nothing; 0: none
  std::vector<std::string> command;
  std::string external;  ///< the address of a server that berth did not start, instead of a command
  std::string dir;       ///< where the command runs
  std::int64_t started_unix_ms = 0;
  std::chrono::microseconds serving_after{0};  ///< from the asking to the switch; 0: never switched
  std::chrono::microseconds took{0};           ///< from the asking to the end of all its phases
  bool retiring = false;            ///< the old generation is still draining, stopping or releasing
  std::vector<PhaseRecord> phases;  ///< in the order they began
  std::vector<std::string> notes;   ///< "port 41507 was taken: tried again on 41733"
  SwapOutcome outcome = SwapOutcome::Running;
  std::string reason;                   ///< one sentence, empty when Done
  std::string hint;                     ///< what to do; may be empty
  std::vector<std::string> last_lines;  ///< of the backend that failed
  std::uint64_t requests_failed = 0;    ///< while it ran
  std::uint64_t requests_held = 0;      ///< that waited while it ran
  std::uint64_t requests_cut = 0;       ///< ended at the drain deadline, of whatever kind
  DrainCount drained;                   ///< what the old generation still carried, by kind
};

}  // namespace berth::observe
