// The only source of chance in a simulated world: the same seed gives the same world on every machine.
#pragma once

#include <cstdint>
#include <random>

#include "proxy/swap/patience.h"

namespace berth::sim {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /// Uniform in [low, high]. Not a std distribution: those differ between libraries.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + engine_() % (high - low + 1); }

  swap::Moment between(swap::Moment low, swap::Moment high) {
    const auto us =
        between(static_cast<std::uint64_t>(low.count()), static_cast<std::uint64_t>(high.count()));
    return swap::Moment(static_cast<std::int64_t>(us));
  }

  /// True in `chance` of 1000 throws.
  bool one_of(unsigned chance) { return between(std::uint64_t{1}, std::uint64_t{1000}) <= chance; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace berth::sim
