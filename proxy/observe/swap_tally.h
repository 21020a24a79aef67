// What metrics count of one app's swaps: sums over all closed reports, of which only the last are kept
// themselves. Control loop.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "proxy/observe/report.h"

namespace berth::observe {

struct SwapTally {
  struct Phase {
    std::uint64_t count = 0;
    std::chrono::microseconds sum{0};
  };
  std::array<std::uint64_t, 5> by_outcome{};  ///< of SwapOutcome; the end of berth is no swap
  std::array<Phase, 6> phases{};              ///< of PhaseName, those that were done
  std::uint64_t released = 0;
  std::uint64_t unreleased = 0;

  void closed(const SwapReport& report) {
    if (report.cause != SwapCause::Shutdown) ++by_outcome[static_cast<std::size_t>(report.outcome)];
    for (const PhaseRecord& phase : report.phases) {
      if (phase.name == PhaseName::Release && phase.generation == report.from)
        ++(phase.state == PhaseState::Done ? released : unreleased);
      if (phase.state != PhaseState::Done) continue;
      Phase& sum = phases[static_cast<std::size_t>(phase.name)];
      ++sum.count;
      sum.sum += phase.took;
    }
  }
};

}  // namespace berth::observe
