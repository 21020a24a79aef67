// What berth is started from, and what is done to its surroundings: under nohup, without standard
// descriptors, its control socket deleted. It serves and swaps all the same.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <string>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

Command joined(Command words, const Command& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A berth whose output nobody may see: started by a shell's words, asked through its socket alone.
class Hidden {
 public:
  /// `start`: what the shell does with berth's command line, "$@".
  explicit Hidden(const std::string& start)
      : control_(dir_ / "berth.sock"),
        child_({joined({"/bin/sh", "-c", start, "sh", berth_binary(), "run", "-l", "127.0.0.1:0", "--control",
                        control_, "--"},
                       scripted({"--name", "old"})),
                dir_.path(),
                {}}) {
    const bool told = wait_until([this] { return find_port(); }, 15s);
    INFO(child_.out(), child_.err());
    REQUIRE(told);
  }

  std::uint16_t port() const { return port_; }
  ChildProcess& child() { return child_; }

  void check_swaps() {
    CHECK(who_answers(port_) == "old");
    const Command command =
        joined({berth_binary(), "swap", "--control", control_, "--"}, scripted({"--name", "new"}));
    const auto swap = run_command({command, {}, {}});
    INFO(swap.all());
    CHECK(swap.exit_code == 0);
    CHECK(who_answers(port_) == "new");
  }

  void check_clean_stop() {
    child_.signal(SIGTERM);
    CHECK(child_.wait_exit(20s) == ExitStatus{false, 0});
    check_no_process_left();
  }

 private:
  bool find_port() {
    const auto status = run_command({{berth_binary(), "status", "--json", "--control", control_}, {}, {}});
    if (status.exit_code != 0) return false;
    const auto all = boost::json::parse(status.out);
    const std::string address(all.at("apps").at(0).at("addresses").at(0).as_string().c_str());
    port_ = static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
    return true;
  }

  TempDir dir_;
  std::string control_;
  ChildProcess child_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("surroundings: under nohup a SIGHUP changes nothing") {
  Hidden berth("exec nohup \"$@\"");
  berth.child().signal(SIGHUP);
  berth.check_swaps();
  berth.check_clean_stop();
}

TEST_CASE("surroundings: without standard descriptors berth serves, swaps and stops") {
  Hidden berth("exec \"$@\" <&- >&- 2>&-");
  // Else a socket of berth's would have such a number, and be written to as the output.
  for (const char* number : {"0", "1", "2"}) {
    const auto link = "/proc/" + std::to_string(berth.child().pid()) + "/fd/" + number;
    CHECK(std::filesystem::read_symlink(link) == "/dev/null");
  }
  berth.check_swaps();
  berth.check_clean_stop();
}

TEST_CASE("surroundings: under a low limit of the stack berth serves, swaps and stops, and so does a load") {
#if defined(__SANITIZE_THREAD__)
  MESSAGE(
      "skipped: what the thread sanitizer itself keeps of a thread does not fit, in the test's backend "
      "either");
  return;
#endif
  const std::string low = "ulimit -s 256; exec \"$@\"";
  Hidden berth(low);
  berth.check_swaps();
  const std::string url = "http://127.0.0.1:" + std::to_string(berth.port()) + "/";
  const auto load = run_command(
      {{"/bin/sh", "-c", low, "sh", berth_binary(), "load", url, "-n", "50", "--max-failed", "0"}});
  INFO(load.all());
  CHECK(load.exit_code == 0);
  berth.check_clean_stop();
}

TEST_CASE("surroundings: a control socket that was deleted is there again, and gone at the end") {
  BerthProcess berth({.command = scripted()});
  REQUIRE(berth.wait_serving());
  REQUIRE(std::filesystem::remove(berth.control()));
  CHECK(wait_until([&] { return std::filesystem::exists(berth.control()); }, 5s));
  CHECK(berth.swap().exit_code == 0);
  CHECK(berth.stop() == ExitStatus{false, 0});
  CHECK_FALSE(std::filesystem::exists(berth.control()));
}
