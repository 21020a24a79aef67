// A server behind berth, swapped again and again under users: nobody notices, nothing stays.
#pragma once

#include <map>
#include <string>

#include "tests/e2e/checks.h"

namespace berth::test {

struct ServerCase {
  Command command;
  std::string dir;
  std::string greeting;  ///< what GET / begins with
  Posts posts = Posts::Every;
  Command more{};        ///< options of berth run
  bool helpers = false;  ///< it starts processes of its own when it likes, so their number says nothing
  std::map<std::string, std::string> env{};
};

/// Swaps `count` times under load; every old process is gone when its swap has ended.
void swap_under_load(BerthProcess& berth, const ServerCase& server, int count);

/// A few swaps: a server's further way to its place, where one of its ways has had its twenty.
void check_some_swaps(const ServerCase& server, int count = 3);

/// Twenty swaps, and memory and descriptors where they were.
void check_twenty_swaps(const ServerCase& server);

}  // namespace berth::test
