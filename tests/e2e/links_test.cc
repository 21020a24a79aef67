// A release that is reached by a link, and addresses that a machine may lack.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

namespace fs = std::filesystem;

/// A directory with a program of its own, which says the directory's name.
void release(const fs::path& dir) {
  fs::create_directories(dir);
  const fs::path program = dir / "serve";
  std::ofstream(program) << "#!/bin/sh\nexec " << scripted({}).front() << " --name "
                         << dir.filename().string() << "\n";
  fs::permissions(program, fs::perms::owner_all);
}

/// As `ln -sfn`.
void point(const fs::path& link, const fs::path& target) {
  const fs::path fresh = link.string() + ".new";
  fs::create_directory_symlink(target, fresh);
  fs::rename(fresh, link);
}

}  // namespace

TEST_CASE("links: a release that is reached by a link is followed by a swap, and named at its end") {
  TempDir root;
  const fs::path base = fs::canonical(root / ".");
  release(base / "one");
  release(base / "two");
  point(base / "current", "one");
  const std::string current = (base / "current").string();
  BerthProcess berth({.command = {"./serve"}, .dir = current, .env = {{"PWD", current}}});
  REQUIRE(berth.wait_serving());
  CHECK(who_answers(berth.port()) == "one");
  point(base / "current", "two");
  const auto swap = berth.swap();
  CHECK(swap.exit_code == 0);
  check_screen(swap, {"./serve in " + current});
  CHECK(who_answers(berth.port()) == "two");

  // The caller's directory is the one that it sees, too.
  ChildOptions call = berth.call_options("swap", {}, {"./serve"});
  call.dir = current;
  call.env["PWD"] = current;
  CHECK(run_command(call).exit_code == 0);
  point(base / "current", "one");
  CHECK(berth.swap().exit_code == 0);
  CHECK(who_answers(berth.port()) == "one");

  // A $PWD that names another directory is not believed.
  call.env["PWD"] = (base / "two").string();
  const auto real = run_command(call);
  CHECK(real.exit_code == 0);
  check_screen(real, {"./serve in " + (base / "one").string()});
  check_clean_stop(berth);
}

// A network of its own without IPv6, as Docker's default is.
TEST_CASE("links: localhost is the loopback addresses that the machine has") {
  const std::string alone = "ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && ";
  if (run_command({{"unshare", "-n", "sh", "-c", alone + "true"}, {}, {}}).exit_code != 0) {
    MESSAGE("skipped: a network of its own needs root");
    return;
  }
  TempDir dir;
  std::ofstream(dir / "berth.toml") << "[app.web]\nlisten = \"localhost:8000\"\ncommand = "
                                    << scripted_toml({}) << "\n";
  const std::string berth = berth_binary();
  const std::string control = " --control " + std::string(dir / "c.sock");
  const std::string script = alone + "cd " + std::string(dir / ".") + " && " + berth + " check && " + berth +
                             " port localhost:8000 && { " + berth + " run" + control +
                             " & } && curl -fsS --retry 50 --retry-connrefused --retry-delay 1 "
                             "http://127.0.0.1:8000/ -o /dev/null && " +
                             berth + " status --json" + control + " && " + berth + " stop" + control;
  const auto result = run_command({{"unshare", "-n", "sh", "-c", script}, {}, {}});
  CHECK(result.exit_code == 0);
  check_screen(result,
               {"listening on http://127.0.0.1:8000", "\"addresses\":[\"127.0.0.1:8000\"]", "stopped"});
  CHECK(result.all().find("::1") == std::string::npos);
}
