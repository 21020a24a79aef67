#include "proxy/loop/task.h"

#include <doctest/doctest.h>

#include <string>

#include "proxy/loop/gate.h"

using namespace berth::loop;

namespace {

Task<int> child(Gate& gate, std::string& log) {
  log += "child ";
  const Wakes wakes = co_await gate.wait(kClientIn | kTimeout);
  log += wakes == kTimeout ? "timeout " : "in ";
  co_return 7;
}

Task<> parent(Gate& gate, std::string& log) {
  auto task = child(gate, log);
  const int value = co_await task;
  log += std::to_string(value);
}

struct Mark {
  std::string& log;
  ~Mark() { log += "gone"; }
};

Task<> sleeper(Gate& gate, std::string& log) {
  const Mark mark{log};
  co_await gate.wait(kClientIn);
}

}  // namespace

TEST_CASE("task: runs only when started, sleeps on its gate, and hands its value on") {
  Gate gate;
  std::string log;
  Task<> task = parent(gate, log);
  CHECK(log.empty());
  task.start();
  CHECK(log == "child ");
  gate.raise(kUpstreamIn);
  CHECK(log == "child ");
  gate.raise(kTimeout);
  CHECK(log == "child timeout 7");
  CHECK(task.done());
}

TEST_CASE("task: what was raised before the wait is not lost, and is told once") {
  Gate gate;
  std::string log;
  gate.raise(kClientIn);
  Task<> task = parent(gate, log);
  task.start();
  CHECK(log == "child in 7");
  Task<> again = parent(gate, log);
  again.start();
  CHECK_FALSE(again.done());
}

TEST_CASE("task: destroying one that sleeps ends what it holds") {
  Gate gate;
  std::string log;
  {
    Task<> task = sleeper(gate, log);
    task.start();
  }
  CHECK(log == "gone");
}
