// mode = "tcp": what is not HTTP, with the same swap. Redis, PostgreSQL and netcat as they are.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/e2e/checks.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

std::string toml(const Command& command) {
  std::string list;
  for (const std::string& word : command) list += (list.empty() ? "[\"" : ", \"") + word + "\"";
  return list + "]";
}

std::string app(const Command& command, const std::string& more = {}) {
  return "[app.db]\nlisten = \"127.0.0.1:0\"\nmode = \"tcp\"\ncommand = " + toml(command) +
         "\ndrain = \"20s\"\nstop = { grace = \"5s\" }\n" + more;
}

CommandResult run(const Command& command, std::chrono::milliseconds deadline = 60s) {
  return run_command({command, {}, {}}, deadline);
}

Command redis() {
  return {"redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"};
}

std::string redis_cli(std::uint16_t port, const Command& words) {
  Command all{"redis-cli", "-p", std::to_string(port)};
  all.insert(all.end(), words.begin(), words.end());
  const auto result = run(all);
  return result.exit_code == 0 ? result.out : "FAILED " + result.all();
}

/// Where Debian has its programs: below the number of the version.
std::string postgres_dir() {
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql"))
    if (std::filesystem::exists(version.path() / "bin/postgres")) return version.path() / "bin/";
  return {};
}

/// A database of its own, whose one table says `name`. The server does not run as root.
class Cluster {
 public:
  explicit Cluster(const std::string& name) : root_(::geteuid() == 0) {
    std::filesystem::permissions(dir_.path(), std::filesystem::perms::all);
    data_ = dir_ / name;
    as_owner({postgres_dir() + "initdb", "-A", "trust", "-U", "postgres", "-N", "-D", data_});
    as_owner({"/bin/sh", "-c",
              std::string("echo \"create table who(name text); insert into who values ('") + name +
                  "')\" | " + postgres_dir() + "postgres --single -j -D " + data_ + " postgres"});
  }
  Command server() const {
    return {postgres_dir() + "postgres",  "-D", data_, "-p", "{port}", "-k", dir_.path(), "-c",
            "listen_addresses=127.0.0.1", "-F"};
  }
  std::string user() const { return root_ ? "user = \"postgres\"\ndir = \"/tmp\"\n" : ""; }

 private:
  void as_owner(const Command& words) {
    Command all;
    if (root_) all = {"/usr/sbin/runuser", "-u", "postgres", "--"};
    all.insert(all.end(), words.begin(), words.end());
    const auto result = run_command({all, dir_.path(), {}});
    INFO(result.all());
    REQUIRE(result.exit_code == 0);
  }
  TempDir dir_;
  bool root_;
  std::string data_;
};

Command psql(std::uint16_t port, const std::string& query) {
  return {"psql", "-X",       "-A", "-t", "-q", "-h", "127.0.0.1", "-p", std::to_string(port),
          "-U",   "postgres", "-c", query};
}

/// berth's output says it within the usual time.
bool says(BerthProcess& berth, const std::string& text) {
  const bool said = berth.child().wait_output(text, 20s);
  CHECK_MESSAGE(said, berth.output());
  return said;
}

}  // namespace

TEST_CASE("tcp: redis across a swap between two instances, under its own benchmark") {
  BerthProcess berth({.file = app(redis())});
  REQUIRE(says(berth, "db#1    serving"));
  CHECK(redis_cli(berth.port(), {"SET", "name", "first"}) == "OK\n");
  CHECK(redis_cli(berth.port(), {"GET", "name"}) == "first\n");
  // A connection that is in the middle of something ends with the old one.
  std::string blocked;
  std::thread waiting([&] { blocked = redis_cli(berth.port(), {"BLPOP", "queue", "4"}); });
  REQUIRE(wait_until(
      [&] {
        return redis_cli(berth.port(), {"CLIENT", "LIST"}).find("cmd=blpop") != std::string::npos;
      },
      15s));
  ChildProcess pusher(
      {{"redis-cli", "-p", std::to_string(berth.port()), "-r", "40", "-i", "0.1", "PING"}, {}, {}});
  REQUIRE(pusher.wait_output("PONG", 15s));
  ChildProcess benchmark({{"redis-benchmark", "-p", std::to_string(berth.port()), "-n", "6000", "-c", "20",
                           "-k", "0", "-t", "set", "-q"},
                          {},
                          {}});
  REQUIRE(wait_until([&] { return redis_cli(berth.port(), {"EXISTS", "key:__rand_int__"}) == "1\n"; }, 15s));
  const auto swap = berth.call("swap", {"--wait", "switch"});
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  CHECK(redis_cli(berth.port(), {"GET", "name"}) == "\n");
  waiting.join();
  CHECK(blocked == "\n");  // nil, by the old one's own time: not cut
  CHECK(benchmark.wait_exit(60s) == ExitStatus{false, 0});
  CHECK((benchmark.out() + benchmark.err()).find("Error") == std::string::npos);
  CHECK(pusher.wait_exit(60s) == ExitStatus{false, 0});
  CHECK(says(berth, "db#1    released"));
  check_clean_stop(berth);
}

TEST_CASE("tcp: PostgreSQL across a swap between two instances, with a query in flight") {
  const Cluster first("first");
  const Cluster second("second");
  const std::string ready = "ready = { exec = [\"" + postgres_dir() +
                            "pg_isready\", \"-q\", \"-h\", \"{host}\", \"-p\", \"{port}\"] }\n";
  BerthProcess berth({.file = app(first.server(), first.user() + ready)});
  REQUIRE(says(berth, "db#1    serving"));
  CHECK(run(psql(berth.port(), "select name from who")).out == "first\n");
  ChildProcess slow({psql(berth.port(), "select pg_sleep(5); select name from who"), {}, {}});
  const Command asks =
      psql(berth.port(), "select count(*) from pg_stat_activity where query like 'select pg_sleep%'");
  REQUIRE(wait_until([&] { return run(asks).out != "0\n"; }, 15s));
  // Its user may not be where this test lies.
  ChildOptions swaps = berth.call_options("swap", {}, second.server());
  swaps.dir = "/";
  const auto swap = run_command(swaps);
  INFO(swap.all());
  CHECK(swap.exit_code == 0);
  CHECK(slow.wait_exit(20s) == ExitStatus{false, 0});
  CHECK(slow.out() == "\nfirst\n");
  CHECK(run(psql(berth.port(), "select name from who")).out == "second\n");
  check_clean_stop(berth);
}

TEST_CASE("tcp: netcat at both ends, with the end of what is sent passed on") {
  const TempDir dir;
  const Command listener{"/bin/sh", "-c", "while :; do nc -l -N 127.0.0.1 {port} </dev/null; done"};
  const auto send = [&](std::uint16_t port, const std::string& text) {
    return run({"/bin/sh", "-c", "echo '" + text + "' | nc -N 127.0.0.1 " + std::to_string(port)});
  };
  BerthProcess berth({.file = app(listener, "ready = { listen = true }\n")});
  REQUIRE(says(berth, "db#1    serving"));
  CHECK(send(berth.port(), "to the first").exit_code == 0);
  CHECK(says(berth, "db#1    to the first"));
  REQUIRE(berth.call("swap").exit_code == 0);
  CHECK(send(berth.port(), "to the second").exit_code == 0);
  CHECK(says(berth, "db#2    to the second"));
  check_clean_stop(berth);
}

TEST_CASE("tcp: who connects before a backend is there waits, and a crash costs the connections it had") {
  const TempDir dir;
  const std::string announce = dir / "announce";
  const std::string go = dir / "go";
  BerthProcess berth({.file = app(scripted({"--name", "bytes", "--announce", announce, "--go", go}))});
  REQUIRE(wait_until([&] { return !read_file(announce).empty(); }, 15s));
  ChildProcess early(
      {{"curl", "-sS", "--max-time", "20", "http://127.0.0.1:" + std::to_string(berth.port()) + "/"},
       {},
       {}});
  REQUIRE(wait_until(
      [&] { return berth.call("status", {"--json"}).out.find("\"held\":1") != std::string::npos; }, 15s));
  std::ofstream(go) << "go\n";
  CHECK(early.wait_exit(20s) == ExitStatus{false, 0});
  CHECK(early.out() == "bytes\n");
  CHECK(run({"curl", "-sS", "http://127.0.0.1:" + std::to_string(berth.port()) + "/die"}).exit_code != 0);
  CHECK(wait_until(
      [&] {
        return run({"curl", "-sS", "http://127.0.0.1:" + std::to_string(berth.port()) + "/"}).out ==
               "bytes\n";
      },
      15s));
  check_clean_stop(berth);
}
