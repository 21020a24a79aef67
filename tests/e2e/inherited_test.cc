// What a command and a hook inherit, and what becomes of a berth within a berth.
#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

/// Shows its environment, each variable after `mark`, and stays.
std::string shows(const std::string& mark, const std::string& then) {
  return "[\"/bin/sh\", \"-c\", \"env | sed 's/^/" + mark + " /'; " + then + "\"]";
}

}  // namespace

TEST_CASE("inherited: berth run and berth exec within a backend take a place of their own") {
  BerthProcess outer({.command = scripted({"--name", "outer"})});
  REQUIRE(outer.wait_serving());
  TempDir runtime;
  // As a backend of the outer one has them.
  const std::map<std::string, std::string> env{{"BERTH_CONTROL", outer.control()},
                                               {"XDG_RUNTIME_DIR", runtime.path()}};
  Command inner{berth_binary(), "run", "-l", "127.0.0.1:0", "--"};
  for (const std::string& word : scripted({"--name", "inner"})) inner.push_back(word);
  ChildProcess run({inner, {}, env});
  const bool listens = run.wait_output("serving after", 20s);
  INFO(run.out(), run.err());
  REQUIRE(listens);

  Command exec{berth_binary(), "exec", "--"};
  for (const std::string& word : scripted({"--name", "third"})) exec.push_back(word);
  for (const std::string& word : {std::string(":::"), std::string("/bin/sh"), std::string("-c"),
                                  "curl -s $BERTH_URL/; " + berth_binary() + " status --json"})
    exec.push_back(word);
  const auto third = run_command({exec, {}, env});
  INFO(third.all());
  CHECK(third.exit_code == 0);
  CHECK(third.out.find("third") != std::string::npos);
  CHECK(third.out.find(std::to_string(outer.pid())) == std::string::npos);

  // Clients still find the outer one.
  const auto status = run_command({{berth_binary(), "status", "--json"}, {}, env});
  CHECK(status.out.find("\"pid\":" + std::to_string(outer.pid())) != std::string::npos);
  run.signal(SIGTERM);
  CHECK(run.wait_exit(20s) == ExitStatus{false, 0});
  CHECK(who_answers(outer.port()) == "outer");
  check_clean_stop(outer);
}

TEST_CASE("inherited: a command and a hook are told how to command berth, those of another user are not") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root may start a command as another user");
    return;
  }
  const std::string app = "ready = { started = true }\nstop = { grace = \"2s\" }\ndir = \"/\"\n";
  BerthProcess berth(
      {.file = "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml() + "\n[app.own]\n" + app +
               "command = " + shows("own", "exec sleep 600") + "\nhooks = { switched = " +
               shows("own-hook", "echo own-hook is done") + " }\n[app.nobodys]\nuser = \"nobody\"\n" + app +
               "command = " + shows("nobodys", "exec sleep 600") +
               "\nhooks = { switched = " + shows("nobodys-hook", "echo nobodys-hook is done") + " }\n",
       .env = {
           {"XDG_CONFIG_HOME", "/root/.config"}, {"MAIL", "/var/mail/root"}, {"SECRET_OF_MINE", "told"}}});
  REQUIRE(berth.child().wait_output("own-hook is done", 20s));
  REQUIRE(berth.child().wait_output("nobodys-hook is done", 20s));
  const std::string said = berth.output();
  INFO(said);
  for (const std::string mark : {"own ", "own-hook "}) {
    CHECK(said.find(" " + mark + "BERTH_CONTROL=" + berth.control()) != std::string::npos);
    CHECK(said.find(" " + mark + "XDG_CONFIG_HOME=/root/.config") != std::string::npos);
  }
  for (const std::string mark : {"nobodys ", "nobodys-hook "}) {
    CHECK(said.find(" " + mark + "USER=nobody") != std::string::npos);
    CHECK(said.find(" " + mark + "SECRET_OF_MINE=told") != std::string::npos);
    for (const char* name : {"BERTH_CONTROL", "XDG_", "MAIL"})
      CHECK(said.find(" " + mark + name) == std::string::npos);
  }
  check_clean_stop(berth);
}
