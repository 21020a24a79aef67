#include "backend/waiting_wrapper.h"

#include <doctest/doctest.h>

#include <csignal>

using berth::backend::keeps_signal_to_itself;

namespace {

using Words = std::vector<std::string>;

struct Row {
  Words words;
  bool term;
  bool interrupt;
};

}  // namespace

TEST_CASE("wrapper: who is known to wait without passing a signal on, by the words of its process") {
  const std::vector<Row> rows{
      {{"npm run dev", "", ""}, true, true},
      {{"npm", "start"}, true, true},
      {{"node", "/usr/bin/npm", "start"}, true, true},
      {{"node", "--no-warnings", "/usr/lib/node_modules/pnpm/bin/pnpm.cjs", "dev"}, true, true},
      {{"npm exec vite"}, true, true},
      {{"/usr/bin/node", "/opt/yarn/bin/yarn.js", "dev"}, true, true},
      {{"/bin/sh", "-c", "a && b"}, false, true},
      {{"-bash"}, false, true},
      {{"uv", "run", "celery"}, false, true},
      {{"uv", "sync"}, false, false},
      {{"make", "run"}, false, true},
      {{"go", "run", "."}, false, true},
      {{"go", "build"}, false, false},
      {{"/usr/bin/python3", "-u", "manage.py", "runserver"}, false, false},
      {{"/usr/bin/python3", "-m", "celery", "worker"}, false, false},
      {{"node", "server.js"}, false, false},
      {{"node", "cross-env", "A=1", "node", "server.js"}, false, false},
      {{"npm-server"}, false, false},
      {{"shell.py"}, false, false},
      {{"python3"}, false, false},
      {{""}, false, false},
      {{}, false, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CHECK(keeps_signal_to_itself(row.words, SIGTERM) == row.term);
    CHECK(keeps_signal_to_itself(row.words, SIGINT) == row.interrupt);
  }
  CHECK(keeps_signal_to_itself({"make"}, SIGHUP));
  CHECK_FALSE(keeps_signal_to_itself({"make"}, SIGUSR1));
  CHECK(keeps_signal_to_itself({"npm"}, SIGUSR1));
}
