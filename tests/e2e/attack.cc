#include "tests/e2e/attack.h"

#include <doctest/doctest.h>

#include <sstream>

#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace berth::test {
namespace {

Command command_of(const Command& row, int port) {
  Command command{BERTH_PORT_THIEF, row.front(), std::to_string(port)};
  command.insert(command.end(), row.begin() + 1, row.end());
  return command;
}

}  // namespace

load::LoadPlan marked_users(std::uint16_t port) {
  auto plan = users_of(port);
  for (auto& shape : plan.shapes) shape.fields = "X-User: yes\r\n";
  return plan;
}

std::vector<int> numbers_in(const std::string& file) {
  std::istringstream lines(read_file(file));
  std::vector<int> found;
  for (int number = 0; lines >> number;) found.push_back(number);
  return found;
}

int wait_number(const std::string& file) {
  wait_until([&] { return read_file(file).ends_with('\n'); });
  const auto numbers = numbers_in(file);
  return numbers.empty() ? 0 : numbers.front();
}

Thief::Thief(const Command& row, int port) : child_({.command = command_of(row, port)}) {
  REQUIRE(child_.wait_output("thief: ", std::chrono::seconds(10)));
}

std::string Thief::told(int port) const {
  return std::to_string(port) + " was taken by pid " + std::to_string(pid()) + " (" + BERTH_PORT_THIEF;
}

}  // namespace berth::test
