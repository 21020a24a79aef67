// The commands of [app.NAME.hooks], run by the real berth: when, with what, and that none is in a swap's way.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "tests/e2e/checks.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// An app whose hooks run `sh NAME.sh` in `dir`.
std::string web(const TempDir& dir, const std::vector<std::string>& hooks, const std::string& keys) {
  std::string file =
      "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml({"--pid-file", dir / "pids"}) +
      "\ndir = \"" + dir.path() +
      "\"\nenv = { STAGE = \"test\" }\ndrain = \"1s\"\nstop = { grace = \"1s\" }\n"
      "[app.web.hooks]\n";
  for (const std::string& hook : hooks) file += hook + " = [\"sh\", \"" + hook + ".sh\"]\n";
  return file + keys;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream text(read_file(path));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

int pid_of_last(const TempDir& dir) { return std::stoi(lines_of(dir / "pids").back()); }

/// The next lines, in any order: hooks of one moment run beside each other.
void check_next(const TempDir& dir, std::size_t& seen, std::vector<std::string> expected) {
  const auto have = [&] { return lines_of(dir / "facts").size() >= seen + expected.size(); };
  CHECK(wait_until(have, 10s));
  std::vector<std::string> all = lines_of(dir / "facts");
  std::vector<std::string> got(all.begin() + static_cast<std::ptrdiff_t>(std::min(seen, all.size())),
                               all.end());
  seen = all.size();
  std::sort(got.begin(), got.end());
  std::sort(expected.begin(), expected.end());
  CHECK(got == expected);
}

/// Of a hook that has said "hangs PID", from the log of berth itself.
Process hanging(BerthProcess& berth) {
  REQUIRE(berth.child().wait_output("hook: hangs ", 10s));
  const std::string out = berth.output();
  const int pid = std::stoi(out.substr(out.rfind("hook: hangs ") + 12));
  return process(pid).value_or(Process{});
}

constexpr const char* kHangs = "sleep 1000 & echo hangs $!; wait\n";

}  // namespace

TEST_CASE("hooks: each runs once at its turning point, in the app's surroundings, with the facts") {
  TempDir dir;
  const std::vector<std::string> all{"ready", "switched", "released", "failed"};
  for (const std::string& name : all) {
    write_file(dir / (name + ".sh"),
               "echo said by " + name +
                   "\necho \"$BERTH_HOOK $BERTH_GENERATION/$BERTH_OLD_GENERATION pid $BERTH_PID $BERTH_APP "
                   "$BERTH_ADDRESS $BERTH_CONTROL $STAGE ${BERTH_ENDPOINT#127.0.0.1:$PORT}<$BERTH_REASON>\" "
                   ">> facts\n");
  }
  BerthProcess berth({.file = web(dir, all, "")});
  REQUIRE(berth.wait_serving());
  const std::string same =
      " web 127.0.0.1:" + std::to_string(berth.port()) + " " + berth.control() + " test <";
  const auto pid = [&] { return std::to_string(pid_of_last(dir)); };
  std::size_t seen = 0;
  const std::string first = pid();
  check_next(dir, seen, {"ready 1/ pid " + first + same + ">", "switched 1/ pid " + first + same + ">"});

  CHECK(berth.call("restart").exit_code == 0);
  const std::string second = pid();
  check_next(dir, seen,
             {"ready 2/1 pid " + second + same + ">", "switched 2/1 pid " + second + same + ">",
              "released 2/1 pid " + first + same + ">"});

  CHECK(berth.swap(scripted({"--exit", "3", "--pid-file", dir / "pids"})).exit_code == 1);
  const std::string reason = scripted().front() + " ended before it was ready: exit 3";
  check_next(dir, seen, {"failed 3/2 pid " + pid() + same + reason + ">"});

  REQUIRE(::kill(std::stoi(second), SIGKILL) == 0);
  const std::string crash = "generation 2 ended by itself: killed by SIGKILL";
  REQUIRE(wait_until(
      [&] { return pid_of_last(dir) != std::stoi(second) && lines_of(dir / "pids").size() > 3; }, 10s));
  const std::string third = pid();
  check_next(dir, seen,
             {"failed 2/ pid " + second + same + crash + ">", "released /2 pid " + second + same + ">",
              "ready 4/ pid " + third + same + ">", "switched 4/ pid " + third + same + ">"});

  const auto logs = berth.call("logs");
  check_screen(logs, {"ready hook: said by ready", "failed hook: said by failed"});
  CHECK(berth.output().find("released hook: said by released") != std::string::npos);
  check_clean_stop(berth);
  check_next(dir, seen, {"released /4 pid " + third + same + ">"});
}

TEST_CASE("hooks: one that hangs or fails is in nobody's way, is noted, and is gone with its tree") {
  TempDir dir;
  write_file(dir / "ready.sh", "echo the mail server sleeps >&2; exit 7\n");
  write_file(dir / "switched.sh", kHangs);
  BerthProcess berth({.file = web(dir, {"ready", "switched"}, "timeout = \"2s\"\n")});
  REQUIRE(berth.wait_serving());
  const Process sleeper = hanging(berth);
  CHECK(wait_until([&] { return !still_runs(sleeper); }, 10s));
  CHECK(berth.child().wait_output("the switched hook did not end within 2s and was killed: hangs", 10s));
  check_screen(berth.call("why"),
               {"note: the ready hook ended with exit 7: the mail server sleeps",
                "note: the switched hook did not end", "or give it longer with hooks.timeout"});
  // Other hooks are no swap, and run with the next one.
  const std::string before = who_answers(berth.port());
  write_file(dir / "switched.sh", "echo switched anew\n");
  write_file(berth.file(), web(dir, {"switched"}, "timeout = \"5s\"\n"));
  const auto reload = berth.call("reload");
  CHECK(reload.exit_code == 0);
  check_screen(reload, {"web: hooks changed"});
  CHECK(who_answers(berth.port()) == before);
  CHECK(berth.call("restart").exit_code == 0);
  CHECK(berth.child().wait_output("switched hook: switched anew", 10s));
  CHECK(berth.call("logs", {"--json"}).out.find("\"generation\":2,\"stream\":\"stderr\",\"hook\"") ==
        std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("hooks: what hangs of them ends with a second signal, and with a berth that is killed") {
  for (const int signal : {SIGTERM, SIGKILL}) {
    CAPTURE(signal);
    TempDir dir;
    write_file(dir / "switched.sh", kHangs);
    BerthProcess berth({.file = web(dir, {"switched"}, "timeout = \"10m\"\n")});
    REQUIRE(berth.wait_serving());
    const Process sleeper = hanging(berth);
    CHECK(still_runs(sleeper));
    if (signal == SIGTERM) {
      berth.child().signal(SIGTERM);
      // The backend is gone by then, and only the hook is waited for.
      CHECK(berth.child().wait_output("strictly free", 10s));
      CHECK(still_runs(sleeper));
    }
    berth.child().signal(signal);
    REQUIRE(berth.child().wait_exit(10s).has_value());
    CHECK(wait_until([&] { return !still_runs(sleeper); }, 10s));
    check_no_process_left();
  }
}

TEST_CASE("hooks: a required one that does not pass fails the swap, and no request") {
  TempDir dir;
  write_file(dir / "ready.sh",
             "[ ! -e migrated ] || exit 0; [ ! -e asked ] || { echo $$ > asked; sleep 1000; }\n"
             "[ $BERTH_GENERATION = 1 ] || { echo the schema is old; exit 3; }\n");
  const std::string keys = "timeout = \"3s\"\nrequired = [\"ready\"]\n";
  BerthProcess berth({.file = web(dir, {"ready"}, keys)});
  REQUIRE(berth.wait_serving());
  const std::string first = who_answers(berth.port());
  berth::load::Load load(users_of(berth.port()));
  load.start();
  REQUIRE(wait_answers(load, 20));
  const auto fails = berth.call("restart");
  CHECK(fails.exit_code == 1);
  check_screen(fails, {"failed: generation 2: the ready hook ended with exit 3, and it is required",
                       "ready hook: the schema is old", "generation 1 serves on"});
  check_screen(berth.call("why"),
               {"failed: generation 2: the ready hook ended with exit 3, and it is required",
                "ready hook: the schema is old"});
  write_file(dir / "asked", "");
  const auto hangs = berth.call("restart");
  CHECK(hangs.exit_code == 1);
  check_screen(hangs, {"the ready hook did not end within 3s and was killed, and it is required"});
  CHECK(who_answers(berth.port()) == first);
  write_file(dir / "migrated", "");
  const auto passes = berth.call("restart");
  CHECK(passes.exit_code == 0);
  check_screen(passes, {"and the ready hook", "serving generation 4"});
  REQUIRE(wait_answers(load, 20));
  CHECK(who_answers(berth.port()) != first);
  check_nothing_failed(load.stop());
  check_clean_stop(berth);
}
