#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <sys/socket.h>

#include <csignal>
#include <cstdlib>

#include "backend/backend.h"
#include "backend/keeper_protocol.h"

namespace {

using berth::backend::KeeperNews;

/// Plays a keeper of a later version: says something, and ends when the front closes the pipe.
int foreign_keeper() {
  KeeperNews news;
  news.version = berth::backend::kKeeperVersion + 1;
  ::send(berth::backend::kKeeperSocket, &news, sizeof news, MSG_NOSIGNAL);
  while (::recv(berth::backend::kKeeperSocket, &news, sizeof news, 0) > 0) {
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (berth::backend::is_keeper(argc, argv)) {
    if (::getenv("BERTH_TEST_KEEPER") != nullptr) return foreign_keeper();
    return berth::backend::keeper_main(argc, argv);
  }
  ::signal(SIGPIPE, SIG_IGN);
  doctest::Context context(argc, argv);
  return context.run();
}
