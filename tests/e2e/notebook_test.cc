// The example notebook in a real kernel, in front of users: its serving cell runs again and again.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

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

namespace {

/// A Jupyter server as an app of berth's, whose kernels find the example's module.
std::string lab(const std::string& scratch) {
  const std::string folder = std::filesystem::path(BERTH_NOTEBOOK).parent_path().string();
  std::string env = "PYTHONDONTWRITEBYTECODE = \"1\"";
  for (const char* name :
       {"JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "HOME"})
    env += std::string(", ") + name + " = \"" + scratch + "\"";
  return "[app.lab]\nlisten = \"127.0.0.1:0\"\npath = \"/lab\"\ndir = \"" + folder + "\"\nenv = { " + env +
         " }\nready = { http = \"/lab/api\", timeout = \"60s\" }\nstop = { grace = \"10s\" }\n"
         "command = [\"/usr/bin/jupyter-server\", \"--allow-root\", \"--ServerApp.token=\", "
         "\"--ServerApp.disable_check_xsrf=True\", \"--KernelManager.transport=ipc\"]\n";
}

/// The driver's cells in a kernel of the Jupyter server at `port`.
CommandResult run_cells(std::uint16_t port, const std::string& mode) {
  return run_command({{"/usr/bin/python3", app_path("jupyter_driver.py"), BERTH_NOTEBOOK,
                       "http://127.0.0.1:" + std::to_string(port) + "/lab", mode},
                      {},
                      {}},
                     150s);
}

/// Whether both times the cells told their kernel it was the same one.
bool same_kernel(const std::string& said) {
  const auto first = said.find("kernel: ");
  const auto last = said.rfind("kernel: ");
  return first != std::string::npos && last != first &&
         said.substr(first, said.find('\n', first) - first) ==
             said.substr(last, said.find('\n', last) - last);
}

std::string pid_of_lab(BerthProcess& berth) {
  const std::string text = berth.call("status", {"lab", "--json"}).out;
  const auto pid = text.find("\"pid\":", text.find("\"state\":\"serving\",\"pid\":"));
  return pid == std::string::npos ? "" : text.substr(pid, text.find(',', pid) - pid);
}

}  // namespace

TEST_CASE("notebook: behind berth, its cells serve another app of the same berth, and the notebook stays") {
  TempDir scratch;
  BerthProcess berth(
      {.file = lab(scratch.path()) + "[app.web]\nlisten = \"127.0.0.1:0\"\nexternal = \"attach\"\n"});
  REQUIRE(wait_until([&] { return !pid_of_lab(berth).empty(); }, 60s));
  const std::string before = pid_of_lab(berth);
  const auto cells = run_cells(berth.port(), "two");
  INFO(cells.all(), berth.output());
  REQUIRE(cells.exit_code == 0);
  CHECK(cells.out.find("edition 1") != std::string::npos);
  CHECK(who_answers(berth.port()) == "edition 2");
  CHECK(cells.out.find("refused: berth did not take the new server: 127.0.0.1:") != std::string::npos);
  CHECK(cells.out.find("belongs to generation 1 of lab itself") != std::string::npos);
  CHECK(same_kernel(cells.out));
  CHECK(pid_of_lab(berth) == before);
  CHECK(berth.stop(60s) == ExitStatus{false, 0});
  check_no_process_left();
}

TEST_CASE(
    "notebook: behind berth, a cell that would take the notebook's own place is refused, and the notebook "
    "stays") {
  TempDir scratch;
  BerthProcess berth({.file = lab(scratch.path())});
  REQUIRE(wait_until([&] { return !pid_of_lab(berth).empty(); }, 60s));
  const std::string before = pid_of_lab(berth);
  const auto cells = run_cells(berth.port(), "own");
  INFO(cells.all(), berth.output());
  REQUIRE(cells.exit_code == 0);
  CHECK(cells.out.find("StartFailed: berth did not take the new server: ") != std::string::npos);
  CHECK(cells.out.find("attach the server to another app") != std::string::npos);
  CHECK(same_kernel(cells.out));
  CHECK(pid_of_lab(berth) == before);
  CHECK(berth.stop(60s) == ExitStatus{false, 0});
  check_no_process_left();
}
