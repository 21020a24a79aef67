// A real celery with tasks under way: whoever is swapped out or stopped lets them end.
#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

struct Journal {
  std::set<int> begun, ended;
  std::size_t under_way() const { return begun.size() - ended.size(); }
};

Journal read_journal(const std::string& path) {
  Journal journal;
  std::istringstream lines(read_file(path));
  std::string word;
  for (int number = 0; lines >> word >> number;)
    (word == "begun" ? journal.begun : journal.ended).insert(number);
  return journal;
}

/// Twenty take a minute and a half, most of it celery's own start: so many are for the full run alone.
int swaps() { return std::getenv("BERTH_TEST_ALL") == nullptr ? 6 : 20; }

}  // namespace

TEST_CASE("celery: swaps and a stop with tasks under way, and every task that was begun ends") {
  TempDir broker;
  const std::map<std::string, std::string> env{{"BERTH_TEST_BROKER", broker.path()},
                                               {"PYTHONDONTWRITEBYTECODE", "1"}};
  const auto sent = run_command({{"/usr/bin/python3", app_path("celery_tasks.py"), "2000"}, {}, env}, 60s);
  INFO(sent.all());
  REQUIRE(sent.exit_code == 0);

  BerthProcess berth(
      {.file = "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml() +
               "\n[app.jobs]\ndir = \"" + app_path("") +
               "\"\nstop = { grace = \"30s\" }\nready = { log = \"ready\\\\.$\", timeout = \"60s\" }\n"
               "command = [\"/usr/bin/python3\", \"-m\", \"celery\", \"-A\", \"celery_tasks\", "
               "\"worker\", \"-c\", \"2\", \"-l\", \"INFO\", \"--without-gossip\", "
               "\"--without-mingle\", \"--without-heartbeat\"]\n",
       .env = env});
  const std::string journal = broker / "journal";
  const auto busy = [&] { return read_journal(journal).under_way() > 0; };
  for (int n = 0; n < swaps(); ++n) {
    CAPTURE(n);
    REQUIRE(wait_until(busy, 60s));
    const auto swap = berth.call("restart", {"jobs"});
    INFO(swap.all());
    REQUIRE(swap.exit_code == 0);
    REQUIRE(swap.all().find("kill") == std::string::npos);
  }
  REQUIRE(wait_until(busy, 60s));
  CHECK(berth.stop(60s) == ExitStatus{false, 0});
  const Journal all = read_journal(journal);
  CHECK(static_cast<int>(all.begun.size()) > 2 * swaps());
  CHECK(all.begun == all.ended);
  check_no_process_left();
}
