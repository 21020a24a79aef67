#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <csignal>

#include "backend/backend.h"

int main(int argc, char** argv) {
  if (berth::backend::is_keeper(argc, argv)) return berth::backend::keeper_main(argc, argv);
  ::signal(SIGPIPE, SIG_IGN);
  doctest::Context context(argc, argv);
  return context.run();
}
