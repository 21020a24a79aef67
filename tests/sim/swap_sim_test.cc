#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <set>

#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace berth::sim {
namespace {

using namespace std::chrono_literals;

/// BERTH_SEED alone if it is set; otherwise BERTH_SEEDS (200) that never change and a few that nobody chose.
std::vector<std::uint64_t> seeds() {
  if (const char* text = std::getenv("BERTH_SEED")) return {std::strtoull(text, nullptr, 10)};
  const char* count = std::getenv("BERTH_SEEDS");
  const std::uint64_t last = count == nullptr ? 200 : std::strtoull(count, nullptr, 10);
  std::vector<std::uint64_t> all;
  for (std::uint64_t n = 1; n <= last; ++n) all.push_back(n);
  std::random_device chance;
  for (int n = 0; n < 5; ++n) all.push_back(chance());
  return all;
}

/// One chosen seed need not show everything that many show.
bool many_seeds() { return std::getenv("BERTH_SEED") == nullptr; }

std::string place(std::uint64_t seed, const World& world) {
  return "BERTH_SEED=" + std::to_string(seed) + " at step " + std::to_string(world.steps()) + ": " +
         world.broken();
}

/// More than there are swaps: nobody is cut to make room for the next retirement.
constexpr unsigned kUnhurried = 1000;

struct Sums {
  std::uint64_t served = 0;
  std::size_t failed = 0;
  std::size_t cut = 0;
  std::size_t finished = 0;
  std::set<swap::SupervisorActionKind> actions;
  std::string lossy;  ///< the seeds in which a request failed or was cut
};

Sums run_all(const Weather& weather) {
  Sums sums;
  for (std::uint64_t seed : seeds()) {
    World world(seed, weather);
    world.run();
    CHECK_MESSAGE(world.broken().empty(), place(seed, world));
    sums.served += world.served();
    sums.actions.insert(world.actions().begin(), world.actions().end());
    sums.failed += world.workers().failed();
    sums.cut += world.workers().was_cut();
    sums.finished += world.workers().finished();
    if (world.workers().failed() + world.workers().was_cut() != 0)
      sums.lossy += " BERTH_SEED=" + std::to_string(seed);
  }
  return sums;
}

TEST_CASE("sim: in fair weather every swap keeps every request") {
  const Sums sums = run_all({.max_retiring = kUnhurried});
  if (many_seeds()) CHECK(sums.served > seeds().size());
  CHECK(sums.finished > 0);
  CHECK_MESSAGE(sums.failed + sums.cut == 0, sums.lossy);
}

TEST_CASE("sim: slow workers keep every request") {
  const Sums sums = run_all({.slowest_message = 150ms, .max_retiring = kUnhurried});
  CHECK_MESSAGE(sums.failed + sums.cut == 0, sums.lossy);
}

TEST_CASE("sim: starts that fail or hang cost no request") {
  const Sums sums = run_all({.start_fails = 400, .start_hangs = 150, .max_retiring = kUnhurried});
  CHECK_MESSAGE(sums.failed + sums.cut == 0, sums.lossy);
}

TEST_CASE("sim: long requests are cut at the drain deadline and nowhere else") {
  const Sums sums = run_all({.long_requests = 30, .swaps = 25});
  CHECK(sums.failed == 0);
  if (many_seeds()) CHECK(sums.cut > 0);
}

TEST_CASE("sim: backends that crash at any time are restarted, and the rules hold") {
  const Sums sums = run_all({.crashes = 600, .slowest_message = 30ms});
  if (many_seeds()) CHECK(sums.served > seeds().size());
}

TEST_CASE("sim: backends that ignore signals or keep their port never stop a swap") {
  run_all({.ignores_term = 300, .ignores_kill = 300, .keeps_port = 200, .silent_release = 100, .swaps = 30});
}

TEST_CASE("sim: in the stop-start order every request is kept, and two are never alive at once") {
  const Sums sums = run_all({.slowest_message = 30ms, .stop_start = 1000, .max_retiring = kUnhurried});
  if (many_seeds()) CHECK(sums.served > seeds().size());
  CHECK(sums.finished > 0);
  CHECK_MESSAGE(sums.failed + sums.cut == 0, sums.lossy);
}

TEST_CASE("sim: a stop-start that fails brings the previous command back and costs no request") {
  const Sums sums = run_all(
      {.start_fails = 400, .start_hangs = 150, .swaps = 20, .stop_start = 1000, .max_retiring = kUnhurried});
  CHECK_MESSAGE(sums.failed + sums.cut == 0, sums.lossy);
  if (many_seeds()) CHECK(sums.actions.contains(swap::SupervisorActionKind::ComesBack));
}

TEST_CASE("sim: both orders and vacated apps among crashes and stubborn backends keep the rules") {
  run_all({.start_fails = 200,
           .crashes = 400,
           .ignores_term = 200,
           .ignores_kill = 100,
           .keeps_port = 100,
           .slowest_message = 80ms,
           .swaps = 40,
           .stop_start = 600,
           .vacates = 150});
}

TEST_CASE("sim: old ones that are kept, rollbacks and hanging backends cost no request by themselves") {
  const Sums sums =
      run_all({.swaps = 30, .keep_old = 4s, .rollbacks = 300, .hangs = 300, .max_retiring = kUnhurried});
  CHECK_MESSAGE(sums.failed + sums.cut == 0, sums.lossy);
  if (many_seeds()) CHECK(sums.actions.contains(swap::SupervisorActionKind::Revived));
}

TEST_CASE("sim: everything at once, with impatient users, ends and keeps the rules") {
  const Sums sums = run_all({.start_fails = 200,
                             .start_hangs = 100,
                             .crashes = 400,
                             .ignores_term = 200,
                             .ignores_kill = 200,
                             .keeps_port = 100,
                             .silent_release = 50,
                             .long_requests = 30,
                             .pinned = 300,
                             .impatient = 600,
                             .slowest_message = 80ms,
                             .swaps = 40,
                             .stop_start = 300,
                             .keep_old = 3s,
                             .rollbacks = 200,
                             .hangs = 200,
                             .vacates = 100});
  constexpr auto kActions = static_cast<std::size_t>(swap::SupervisorActionKind::Finished) + 1;
  if (many_seeds()) CHECK_MESSAGE(sums.actions.size() == kActions, "an action that no world caused");
}

TEST_CASE("sim: the rules notice workers that acknowledge a switch too early") {
  World world(1, {.slowest_message = 150ms, .swaps = 30, .fault = Workers::Fault::EarlyAcknowledgement});
  world.run();
  CHECK_FALSE(world.broken().empty());
}

}  // namespace
}  // namespace berth::sim
