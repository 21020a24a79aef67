// berth killed by SIGKILL at random moments of a swap: nothing is left running, and the next one starts at
// once.
#include <doctest/doctest.h>

#include <csignal>
#include <random>
#include <thread>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("killed: at fifty random moments of a swap nothing is left, and the next run starts at once") {
  constexpr int kRounds = 50;
  const auto seed = test_seed();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  TempDir dir;
  std::string listen = "127.0.0.1:0";
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    // The same address and the same control socket each time: what the last one left must not be in the way.
    BerthProcess berth({.command = scripted({"--name", "old", "--grandchild", "setsid"}),
                        .listen = listen,
                        .control = dir / "berth.sock",
                        .stop_grace = "200ms"});
    listen = "127.0.0.1:" + std::to_string(berth.port());
    REQUIRE(berth.wait_serving());
    ChildProcess swap(berth.call_options("swap", {}, scripted({"--name", "new", "--grandchild", "double"})));
    // Not a wait for something: the moment itself is what is drawn, up to the release of the old one.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 300'000));
    berth.child().signal(SIGKILL);
    REQUIRE(berth.child().wait_exit(5s) == ExitStatus{true, SIGKILL});
    const auto exit = swap.wait_exit(10s);
    REQUIRE(exit.has_value());
    check_no_process_left();
  }
}
