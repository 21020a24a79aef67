#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <csignal>

#include "tests/support/process_table.h"

int main(int argc, char** argv) {
  // Whatever a killed berth leaves behind becomes a child of this program, and is found.
  berth::test::adopt_orphans();
  std::signal(SIGPIPE, SIG_IGN);
  return doctest::Context(argc, argv).run();
}
