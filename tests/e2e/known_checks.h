// A known server by its plain command line, and with its port taken by somebody else: what every one of them
// is checked for.
#pragma once

#include <map>
#include <string>

#include "tests/e2e/swap_checks.h"

namespace berth::test {

struct Plain {
  Command command;
  Command asking{};      ///< words behind it that ask for the port TAKEN
  std::string greeting;  ///< what GET / begins with
  std::string says{};    ///< the one line about it; empty: there is none
  Posts posts = Posts::Every;
  std::string dir = "/tmp";
  std::map<std::string, std::string> env{};  ///< PORT may ask for TAKEN
  bool helpers = false;                      ///< it starts processes of its own when it likes
};

/// Served and swapped under load without a word about its port, then again while a stranger listens on the
/// one that is asked for.
void check_plain(const Plain& plain, int swaps = 3);

}  // namespace berth::test
