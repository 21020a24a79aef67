// Thieves that take the number of a backend's lease: at every moment, with every socket option, on every
// overlapping address, as the same user and as another. Whether one gets it is the kernel's matter; a user's
// request it never gets, and where it was in the way the user learns who it is (promise P6).
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <optional>

#include "tests/e2e/attack.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

constexpr unsigned kNobody = 65534;

/// Calls `attack` with each combination of address and socket options, to be tried as `uid`.
void each_row(unsigned uid, const std::function<void(const Command& row)>& attack) {
  const std::vector<Command> options{{}, {"reuse-address"}, {"reuse-port"}, {"reuse-address", "reuse-port"}};
  for (const std::string address : {"127.0.0.1", "0.0.0.0", "::", "::1"}) {
    for (const auto& set : options) {
      Command row{address};
      row.insert(row.end(), set.begin(), set.end());
      if (uid != ::getuid()) row.push_back(std::to_string(uid));
      std::string text;
      for (const auto& word : row) text += word + " ";
      CAPTURE(text);
      attack(row);
    }
  }
}

bool cannot_become(unsigned uid) {
  const bool cannot = uid != ::getuid() && ::getuid() != 0;
  if (cannot) MESSAGE("skipped: only root can become another user");
  return cannot;
}

/// A swap whose backend announces its number, and waits for a word before it binds.
struct WaitingSwap {
  WaitingSwap(BerthProcess& berth, const std::string& name)
      : swap(berth.call_options(
            "swap", {}, scripted({"--name", name, "--announce", dir / "announced", "--go", dir / "go"}))) {}

  void go() { write_file(dir / "go", "go"); }

  TempDir dir;
  ChildProcess swap;
};

/// The new one serves, the thief was never asked, and was named if it was in the way.
void check_robbed_swap(BerthProcess& berth, WaitingSwap& waiting, const Thief& thief,
                       const std::string& name) {
  const auto exit = waiting.swap.wait_exit(30s);
  const std::string screen = waiting.swap.out() + waiting.swap.err();
  const auto tried = numbers_in(waiting.dir / "announced");
  INFO("taken: ", thief.has_taken(), ", tries: ", tried.size(), ", screen:\n", screen);
  CHECK(exit == ExitStatus{false, 0});
  CHECK(who_answers(berth.port()) == name);
  CHECK_FALSE(thief.was_asked());
  if (tried.size() == 1) return;
  CHECK(thief.has_taken());
  CHECK(screen.find(thief.told(tried.front())) != std::string::npos);
}

/// berth with a backend and users, who have noticed nothing at the end.
class Besieged {
 public:
  explicit Besieged(const BerthOptions& options = {.command = scripted({"--name", "old"})}) : berth(options) {
    REQUIRE(berth.wait_serving());
    load.emplace(marked_users(berth.port()));
    load->start();
    REQUIRE(wait_answers(*load, 20));
  }
  void check_end() {
    REQUIRE(wait_answers(*load, 20));
    check_nothing_failed(load->stop());
    check_clean_stop(berth);
  }
  BerthProcess berth;
  std::optional<berth::load::Load> load;
};

void attack_before_listen(unsigned uid) {
  if (cannot_become(uid)) return;
  Besieged place;
  int number = 0;
  int taken = 0;
  each_row(uid, [&](const Command& row) {
    const std::string name = "n" + std::to_string(++number);
    WaitingSwap waiting(place.berth, name);
    const int port = wait_number(waiting.dir / "announced");
    REQUIRE(port != 0);
    const Thief thief(row, port);
    waiting.go();
    check_robbed_swap(place.berth, waiting, thief, name);
    if (thief.has_taken()) ++taken;
  });
  CHECK(taken > 0);  // else nothing was tried
  place.check_end();
}

void attack_before_spawn(unsigned uid) {
  if (cannot_become(uid)) return;
  TempDir pause;
  Besieged place({.command = scripted({"--name", "old"}),
                  .env = {{"LD_PRELOAD", BERTH_LEASE_PAUSE}, {"BERTH_TEST_PAUSE", pause.path()}}});
  int number = 0;
  each_row(uid, [&](const Command& row) {
    const std::string name = "n" + std::to_string(++number);
    for (const char* file : {"go", "number"}) ::unlink((pause / file).c_str());
    write_file(pause / "armed", "");
    WaitingSwap waiting(place.berth, name);
    waiting.go();
    const int port = wait_number(pause / "number");
    REQUIRE(port != 0);
    CHECK(read_file(waiting.dir / "announced").empty());
    const Thief thief(row, port);
    CHECK_FALSE(thief.has_taken());
    ::unlink((pause / "armed").c_str());
    write_file(pause / "go", "");
    check_robbed_swap(place.berth, waiting, thief, name);
    CHECK(numbers_in(waiting.dir / "announced") == std::vector<int>{port});
  });
  place.check_end();
}

void attack_listening(unsigned uid) {
  if (cannot_become(uid)) return;
  TempDir dir;
  write_file(dir / "go", "");
  Besieged place(
      {.command = scripted({"--name", "old", "--announce", dir / "announced", "--go", dir / "go"})});
  const int port = wait_number(dir / "announced");
  each_row(uid, [&](const Command& row) {
    const Thief thief(row, port);
    CHECK(wait_answers(*place.load, 10));
    CHECK(who_answers(place.berth.port()) == "old");
    CHECK_FALSE(thief.was_asked());
  });
  place.check_end();
}

/// The backend is killed while a thief waits for its number. That berth hears of it late makes the moment in
/// between as long as it takes: who asks then gets berth's own answer, and never the thief's.
void attack_at_death(unsigned uid) {
  if (cannot_become(uid)) return;
  TempDir dir;
  write_file(dir / "go", "");
  Besieged place({.command = scripted({"--name", "old", "--pid-file", dir / "pids", "--announce",
                                       dir / "announced", "--go", dir / "go"}),
                  .more = {"--limit", "hold_timeout=300ms"}});
  const int port = wait_number(dir / "announced");
  const auto backend = recorded(dir / "pids");
  REQUIRE(backend.size() == 1);
  Command row{"127.0.0.1", "reuse-address", "patient"};
  if (uid != ::getuid()) row.push_back(std::to_string(uid));
  std::optional<Thief> thief(std::in_place, row, port);
  const int keeper = backend.front().parent;
  ::kill(keeper, SIGSTOP);
  ::kill(backend.front().pid, SIGKILL);
  CHECK(thief->wait_taken());
  CHECK(who_answers(place.berth.port()) == "STATUS 503");
  CHECK(place.berth.child().wait_output(thief->told(port), 10s));
  ::kill(keeper, SIGCONT);
  CHECK(wait_until([&] { return numbers_in(dir / "announced").size() == 2; }));
  CHECK(place.berth.wait_serving());
  CHECK(wait_answers(*place.load, 20));
  CHECK_FALSE(thief->was_asked());
  thief.reset();
  place.load->stop();
  check_clean_stop(place.berth);
}

}  // namespace

TEST_CASE("lease attack: before the backend is spawned nobody gets its number") {
  attack_before_spawn(::getuid());
}

TEST_CASE("lease attack: before the backend is spawned no other user gets its number") {
  attack_before_spawn(kNobody);
}

TEST_CASE("lease attack: a number taken before the backend listens is given up, and the thief named") {
  attack_before_listen(::getuid());
}

TEST_CASE("lease attack: a number taken by another user before the backend listens is given up as well") {
  attack_before_listen(kNobody);
}

TEST_CASE("lease attack: a backend that listens shares its number with nobody") {
  attack_listening(::getuid());
}

TEST_CASE("lease attack: a backend that listens shares its number with no other user") {
  attack_listening(kNobody);
}

TEST_CASE("lease attack: a number taken in the moment that its backend dies gets the thief no request") {
  attack_at_death(::getuid());
}

TEST_CASE("lease attack: a number taken by another user in that moment gets the thief no request either") {
  attack_at_death(kNobody);
}

TEST_CASE("lease attack: a backend that closes its listener and listens again gets its requests") {
  BerthProcess berth({.command = {"/usr/bin/python3", app_path("listens_again.py")}});
  REQUIRE(berth.wait_serving());
  for (int listener = 1; listener <= 5; ++listener) {
    CHECK(who_answers(berth.port()) == "listener " + std::to_string(listener));
    CHECK(get(berth.port(), "/again").status == 200);
  }
  CHECK(berth.output().find("was taken by") == std::string::npos);
  check_clean_stop(berth);
}
