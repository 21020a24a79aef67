// `berth exec`: a server for the time of a command, whose exit code is berth's.
#include <doctest/doctest.h>

#include <csignal>
#include <memory>

#include "tests/e2e/checks.h"
#include "tests/support/process_table.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

ChildOptions exec(const Command& server, const Command& command, const Command& options = {}) {
  ChildOptions child;
  child.command = {berth_binary(), "exec"};
  for (const Command& part : {options, Command{"--"}, server, Command{":::"}, command})
    child.command.insert(child.command.end(), part.begin(), part.end());
  return child;
}

CommandResult run_exec(const Command& server, const Command& command, const Command& options = {}) {
  return run_command(exec(server, command, options));
}

Command sh(const std::string& script) { return {"/bin/sh", "-c", script}; }

}  // namespace

TEST_CASE("exec: the command finds a ready server, has stdout for itself, and gives its exit code") {
  const auto run = run_exec(scripted({"--name", "guest"}),
                            sh("curl -sf $BERTH_URL/ && test -n \"$BERTH_PORT\" && exit 7"));
  INFO(run.all());
  CHECK(run.exit_code == 7);
  CHECK(run.out.find("guest") != std::string::npos);
  CHECK(run.out.find("listening") == std::string::npos);
  CHECK(run.err.empty());
}

TEST_CASE("exec: the command is told berth's address, or with --direct the server's own") {
  const std::string whose =
      berth_binary() + " status --json | tr -d ' ' | grep -q '\"endpoint\":\"127.0.0.1:'$BERTH_PORT";
  for (const auto& [options, found] : {std::pair<Command, int>{{"--direct"}, 0}, {{}, 1}}) {
    const auto run = run_exec(scripted({}), sh("curl -sfo /dev/null $BERTH_URL/ && " + whose), options);
    INFO(run.all());
    CHECK(run.exit_code == found);
  }
  const auto path =
      run_exec({"/usr/bin/uvicorn", "--app-dir", app_path(""), "asgi_app:app", "--uds", "{socket}"},
               sh("curl -sf --unix-socket $BERTH_SOCKET http://x/"), {"--direct"});
  INFO(path.all());
  CHECK(path.exit_code == 0);
}

TEST_CASE("exec: a server that does not start is berth's failure, told with its last words") {
  const auto run = run_exec(sh("echo no luck; exit 9"), sh("echo never"));
  CHECK(run.exit_code == 125);
  CHECK(run.err.find("no luck") != std::string::npos);
  CHECK(run.err.find("is tried again") == std::string::npos);
  CHECK(run.out.find("never") == std::string::npos);
}

TEST_CASE("exec: what cannot be run is 127, or 126, as a shell has it") {
  CHECK(run_exec(scripted({}), {"no-such-command"}).exit_code == 127);
  CHECK(run_exec(scripted({}), {"/etc/passwd"}).exit_code == 126);
  CHECK(run_exec({"no-such-server"}, sh("true")).exit_code == 125);
  CHECK(run_exec(scripted({}), sh("kill -KILL $$")).exit_code == 128 + SIGKILL);
}

TEST_CASE("exec: without a command there is one clear error") {
  ChildOptions child;
  child.command = {berth_binary(), "exec", "--", "server"};
  const auto run = run_command(child);
  CHECK(run.exit_code == 125);  // 2 may be the command's
  CHECK(run.err.find("SERVER ARG... ::: COMMAND ARG...") != std::string::npos);
}

TEST_CASE("exec: a signal goes to the command, whose end is the end") {
  const std::string waits =
      "import signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "
      "print('up', flush=True); signal.sigwait([signal.SIGTERM]); sys.exit(5)";
  ChildProcess child(exec(scripted({}), {"/usr/bin/python3", "-c", waits}));
  REQUIRE(child.wait_output("up", 15s));
  const auto tree = descendants(child.pid());
  child.signal(SIGTERM);
  const auto exit = child.wait_exit(15s);
  REQUIRE(exit);
  CHECK(*exit == ExitStatus{false, 5});
  for (const auto& each : tree) CHECK_FALSE(still_runs(each));
}

TEST_CASE("exec: ended before its command has ended, it never looks like success") {
  // Neither by a signal while the server still starts, nor by `berth stop`.
  ChildProcess starting(exec(scripted({"--never-listen", "--say", "starting"}), sh("true"), {"--verbose"}));
  REQUIRE(starting.wait_output("starting", 15s));
  starting.signal(SIGTERM);
  const auto early = starting.wait_exit(15s);
  REQUIRE(early);
  CHECK(*early == ExitStatus{false, 125});
  CHECK(starting.err().find("berth: ended before the server was ready; /bin/sh was not run") !=
        std::string::npos);
  ChildProcess stopped(exec(scripted({}), sh(berth_binary() + " stop >&2; exec sleep 1000")));
  const auto late = stopped.wait_exit(15s);
  REQUIRE(late);
  CHECK_FALSE(late->signalled);
  CHECK(late->value != 0);
}

TEST_CASE(
    "exec: a server that ends under its command is told in one line, and with --direct it is a failure") {
  const std::string crash = "curl -s $BERTH_URL/crash >&2; until " + berth_binary() +
                            " status --json | grep -q '\"generation\": *2'; do sleep 0.05; done; ";
  const auto behind = run_exec(demo(), sh(crash + "curl -sf $BERTH_URL/info"));
  INFO(behind.all());
  CHECK(behind.exit_code == 0);
  CHECK(behind.out.find("\"generation\":\"2\"") != std::string::npos);
  CHECK(
      behind.err.find("berth: while /bin/sh runs, its server has ended by itself: exit 3; restarting in ") !=
      std::string::npos);
  const auto direct = run_exec(demo(), sh(crash + "exit 0"), {"--direct"});
  INFO(direct.all());
  CHECK(direct.exit_code == 125);
  CHECK(direct.err.find("so this counts as a failure\n") != std::string::npos);
  // What the command itself says comes first.
  CHECK(run_exec(demo(), sh(crash + "exit 7"), {"--direct"}).exit_code == 7);
}

TEST_CASE("exec: fifty at once never collide") {
  constexpr int kMany = 50;
  std::vector<std::unique_ptr<ChildProcess>> all;
  all.reserve(kMany);
  for (int i = 0; i < kMany; ++i) {
    all.push_back(std::make_unique<ChildProcess>(exec(scripted({"--name", "n" + std::to_string(i) + "."}),
                                                      sh("curl -sf $BERTH_URL/; echo $BERTH_PORT"))));
  }
  for (int i = 0; i < kMany; ++i) {
    const auto exit = all[static_cast<std::size_t>(i)]->wait_exit(60s);
    REQUIRE(exit);
    CHECK(exit->value == 0);
    const std::string out = all[static_cast<std::size_t>(i)]->out();
    CHECK(out.find("n" + std::to_string(i) + ".") != std::string::npos);
  }
}
