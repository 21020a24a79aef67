// The example notebook in a real kernel, in front of users: its serving cell runs again and again.
#include <doctest/doctest.h>

#include <csignal>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

TEST_CASE("notebook: its serving cell run twenty times under load fails no request") {
  TempDir scratch;
  BerthProcess berth({.ready_timeout = "5s", .more = {"--external", "attach"}});
  // Users are there before the first cell, and when the notebook stops its server in between: they wait.
  berth::load::Load load(users_of(berth.port()));
  load.start();
  ChildProcess kernel(
      {.command = {"/usr/bin/python3", app_path("notebook_driver.py"), BERTH_NOTEBOOK, "20", scratch.path()},
       .env = {{"BERTH_CONTROL", berth.control()}, {"PYTHONDONTWRITEBYTECODE", "1"}}});
  const bool ready = kernel.wait_output("kernel: ready", 150s);
  INFO(kernel.out(), kernel.err(), berth.output());
  REQUIRE(ready);
  REQUIRE(kernel.wait_output(" .\n", 5s));
  CHECK(kernel.out().find("cells: done") != std::string::npos);
  CHECK(kernel.out().find("again 20: ") != std::string::npos);
  CHECK(kernel.out().find("broken: ") != std::string::npos);
  REQUIRE(wait_answers(load, 20));
  check_nothing_failed(load.stop());

  CHECK(berth.stop() == ExitStatus{false, 0});
  const auto said = kernel.out();
  const auto at = said.find("kernel: ready ") + std::string("kernel: ready ").size();
  const auto port = static_cast<std::uint16_t>(std::stoul(said.substr(at)));
  CHECK(who_answers(port) == "edition 22");
  kernel.signal(SIGTERM);
  CHECK(kernel.wait_exit(20s) == ExitStatus{false, 0});
  check_no_process_left();
}
