// Strangers that take a port by its number, and users whose requests can be told from berth's own checks.
#pragma once

#include <string>
#include <vector>

#include "tests/e2e/checks.h"
#include "tests/support/child_process.h"

namespace berth::test {

/// users_of(port), who say who they are: a thief tells when one has asked it.
load::LoadPlan marked_users(std::uint16_t port);

/// The numbers in a file of one each line, as a scripted backend announces its ports.
std::vector<int> numbers_in(const std::string& file);

/// The first of them, once its line is whole; 0: it did not come.
int wait_number(const std::string& file);

/// A process that takes a port and answers HTTP on it; ends with the test.
class Thief {
 public:
  /// `row`: an address, then what port_thief takes behind the port.
  Thief(const Command& row, int port);

  bool has_taken() const { return said("thief: taken"); }
  bool was_asked() const { return said("asked by a user"); }
  bool wait_taken() { return child_.wait_output("thief: taken", std::chrono::seconds(10)); }
  int pid() const { return child_.pid(); }
  /// "41507 was taken by pid 12 (": how the user is told.
  std::string told(int port) const;

 private:
  bool said(const char* what) const { return child_.out().find(what) != std::string::npos; }
  ChildProcess child_;
};

}  // namespace berth::test
