// One of the small apps of tests/support/apps in a directory of the test's own, where its server may write.
#pragma once

#include <map>
#include <string>

#include "tests/support/temp_dir.h"

namespace berth::test {

class AppCopy {
 public:
  explicit AppCopy(const std::string& name);
  const std::string& dir() const { return temp_.path(); }
  /// Gives it the packages of tests/node; throws std::runtime_error if they are not installed.
  void link_node_modules() const;

 private:
  TempDir temp_;
};

/// The programs of these packages in PATH, and nothing of them that asks the network.
std::map<std::string, std::string> node_env();

}  // namespace berth::test
