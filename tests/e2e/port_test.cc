// `berth port`: the lessons about ports that made people want berth, each with a real socket or server.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

CommandResult ask(const std::string& address, const std::vector<std::string>& more = {}) {
  Command command{berth_binary(), "port", address};
  command.insert(command.end(), more.begin(), more.end());
  return run_command({command, {}, {}}, 20s);
}

std::string at(const std::string& host, std::uint16_t port) { return host + ":" + std::to_string(port); }

void check_answer(const CommandResult& result, int exit_code, const std::vector<std::string>& parts) {
  INFO(result.all());
  CHECK(result.exit_code == exit_code);
  check_screen(result, parts);
}

std::string me() { return "pid " + std::to_string(::getpid()) + " ("; }

boost::json::object first_address(const CommandResult& result) {
  INFO(result.all());
  boost::json::error_code error;
  const auto value = boost::json::parse(result.out, error);
  REQUIRE_FALSE(error.failed());
  return value.at("addresses").at(0).as_object();
}

/// The number behind the last ':' of "Running on http://127.0.0.1:41507"; 0: it did not come.
std::uint16_t port_of_flask(ChildProcess& flask) {
  if (!flask.wait_output("Press CTRL+C", 30s)) return 0;
  const auto text = flask.out() + flask.err();
  const std::string said = "http://127.0.0.1:";
  const auto begin = text.find(said);
  return begin == std::string::npos
             ? std::uint16_t{0}
             : static_cast<std::uint16_t>(std::atoi(text.c_str() + begin + said.size()));
}

Command flask(std::uint16_t port) {
  return {"/usr/bin/python3",       "-m",  "flask",  "--app",
          app_path("flask_app.py"), "run", "--port", std::to_string(port)};
}

}  // namespace

TEST_CASE("berth port: a listener on another address makes 0.0.0.0 busy and leaves 127.0.0.1 free") {
  const auto other = other_address();
  HeldSocket listener({.address = other, .port = free_number()});
  REQUIRE(listener.is_open());
  const auto there = at(other, listener.port());
  check_answer(ask(at("0.0.0.0", listener.port())), 1, {"is taken", me(), "on " + there});
  check_answer(ask(std::to_string(listener.port())), 1, {"every address", "is taken", "on " + there});
  check_answer(ask(at("127.0.0.1", listener.port())), 0,
               {at("127.0.0.1", listener.port()) + " is free", "note: " + there, me(),
                "so " + at("0.0.0.0", listener.port()) + " is not free"});
}

TEST_CASE("berth port: a free port is free, for each family and for both") {
  const auto port = free_number();
  for (const std::string host : {"127.0.0.1", "0.0.0.0", "[::1]", "[::]"}) {
    check_answer(ask(at(host, port)), 0, {at(host, port) + " is free"});
  }
  check_answer(ask(at("localhost", port)), 0,
               {at("127.0.0.1", port) + " is free", at("[::1]", port) + " is free"});
}

TEST_CASE("berth port: localhost is both families, and each has its own answer") {
  HeldSocket six({.address = "::1", .port = free_number()});
  REQUIRE(six.is_open());
  check_answer(ask(at("localhost", six.port())), 1,
               {at("127.0.0.1", six.port()) + " is free", at("[::1]", six.port()) + " is taken", me()});
  HeldSocket dual({.address = "::"});
  REQUIRE(dual.is_open());
  check_answer(ask(at("127.0.0.1", dual.port())), 1, {"is taken", "on " + at("[::]", dual.port())});
}

TEST_CASE("berth port: bound with SO_REUSEADDR and not listening, and listening, are told apart") {
  HeldSocket bound({.reuse_address = true, .listening = false});
  check_answer(ask(at("127.0.0.1", bound.port())), 1,
               {"bound, and nobody listens", me(), "a server that sets SO_REUSEADDR can start there"});
  HeldSocket closed({.listening = false});
  const auto answer = ask(at("127.0.0.1", closed.port()));
  check_answer(answer, 1, {"bound, and nobody listens", me()});
  CHECK(answer.out.find("can start there") == std::string::npos);
  HeldSocket listening({.reuse_address = true});
  const auto listened = ask(at("127.0.0.1", listening.port()));
  check_answer(listened, 1, {"is taken\n  held by " + me(), ", user ", ", since 20"});
  CHECK(listened.out.find("nobody listens") == std::string::npos);
}

TEST_CASE("berth port: TIME_WAIT is told with its number and how long it stays") {
  HeldSocket polite({.reuse_address = true});
  polite.leave_time_wait();
  polite.close();
  const auto free = ask(at("127.0.0.1", polite.port()));
  check_answer(free, 0, {"free for servers that set SO_REUSEADDR", "1 in TIME_WAIT", "s still"});

  HeldSocket strict({});
  strict.leave_time_wait();
  strict.close();
  check_answer(ask(at("127.0.0.1", strict.port())), 1,
               {"taken, by leftovers only", "1 in TIME_WAIT", "SO_REUSEADDR does not help"});
  const auto object = first_address(ask(at("127.0.0.1", strict.port()), {"--json"}));
  CHECK(object.at("state") == "leftovers");
  CHECK(object.at("free") == false);
  CHECK(object.at("leftovers_ms").to_number<int>() > 1'000);
  CHECK(object.at("leftovers_ms").to_number<int>() <= 60'000);
}

TEST_CASE("berth port: two netcats that share a port are both named") {
  // Held, with SO_REUSEPORT and without listening, until both have joined: the number is never free in
  // between.
  HeldSocket number({.reuse_address = true, .reuse_port = true, .listening = false});
  REQUIRE(number.is_open());
  const auto port = std::to_string(number.port());
  ChildProcess one({{"nc.openbsd", "-l", "127.0.0.1", port}});
  ChildProcess two({{"nc.openbsd", "-l", "127.0.0.1", port}});
  REQUIRE(wait_until([&] { return listeners(number.port()).size() == 2; }));
  check_answer(ask(at("127.0.0.1", number.port())), 1,
               {"pid " + std::to_string(one.pid()) + " (nc.openbsd -l", "shared by SO_REUSEPORT",
                "pid " + std::to_string(two.pid()) + " (nc.openbsd -l"});
}

TEST_CASE("berth port: the second of two Flask servers fails, and the first is named") {
  ChildProcess first({flask(0)});
  const auto port = port_of_flask(first);
  INFO(first.out(), first.err());
  REQUIRE(port != 0);
  const auto second = run_command({flask(port), {}, {}}, 30s);
  CHECK(second.exit_code == 1);
  check_screen(second, {"in use"});
  check_answer(ask(at("127.0.0.1", port)), 1,
               {"pid " + std::to_string(first.pid()) + " (/usr/bin/python3 -m flask", "on 127.0.0.1:"});
  first.signal(SIGTERM);
  // Flask sets SO_REUSEADDR: what it leaves behind keeps nobody waiting.
  check_answer(ask(at("127.0.0.1", port), {"--wait", "10s"}), 0, {"free"});
}

TEST_CASE("berth port: a wait that runs out is an error that names the holder, never a silent return") {
  HeldSocket listener({});
  const auto result = ask(at("127.0.0.1", listener.port()), {"--wait", "100ms"});
  CHECK(result.exit_code == 4);
  CHECK(result.took >= 100ms);
  CHECK(result.out.empty());
  check_screen(result, {"waiting up to 100ms", "the time is up after 100ms", "held by " + me()});
  const auto json = ask(at("127.0.0.1", listener.port()), {"--wait", "50ms", "--json"});
  CHECK(json.exit_code == 4);
  const auto object = first_address(json);
  CHECK(object.at("state") == "listened");
  CHECK(object.at("holders").at(0).at("pid") == ::getpid());
  check_screen(json, {"the time is up"});
}

TEST_CASE("berth port: a wait ends as soon as the port is free, and at once by Ctrl-C") {
  HeldSocket listener({});
  const auto address = at("127.0.0.1", listener.port());
  ChildProcess patient({{berth_binary(), "port", address, "--wait", "60s"}});
  ChildProcess stopped({{berth_binary(), "port", address, "--wait", "60s"}});
  REQUIRE(patient.wait_output("waiting up to 1m", 10s));
  REQUIRE(stopped.wait_output("held by " + me(), 10s));
  stopped.signal(SIGINT);
  CHECK(stopped.wait_exit(10s) == ExitStatus{false, 4});
  CHECK(stopped.err().find("stopped waiting; still:\n" + address + " is taken") != std::string::npos);
  listener.close();
  CHECK(patient.wait_exit(10s) == ExitStatus{false, 0});
  CHECK(patient.out() == address + " is free\n");
}

TEST_CASE("berth port: the descriptors of another user are told with the line that root types") {
  if (::getuid() != 0) return;
  // A copy that anybody may execute: where this was built may be nobody else's business.
  TempDir dir;
  std::filesystem::copy_file(berth_binary(), dir / "berth");
  std::filesystem::permissions(dir.path(), std::filesystem::perms{0755});
  HeldSocket listener({});
  const Command as_nobody{"setpriv",
                          "--reuid=65534",
                          "--regid=65534",
                          "--clear-groups",
                          dir / "berth",
                          "port",
                          at("127.0.0.1", listener.port())};
  const auto result = run_command({as_nobody, {}, {}}, 20s);
  check_answer(result, 1,
               {"a process of user root, uid 0", "as root: berth port " + at("127.0.0.1", listener.port())});
}

TEST_CASE("berth port: a unix path is listened on, stale, absent, or no socket at all") {
  TempDir dir;
  const auto path = dir / "s";
  check_answer(ask("unix:" + path), 0, {"is free"});
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd, 4) == 0);
  check_answer(ask("unix:" + path), 1, {"is taken", me()});
  ::close(fd);
  check_answer(ask("unix:" + path), 0, {"free for servers that remove what is there", "nobody listens on"});
  write_file(dir / "plain", "");
  check_answer(ask("unix:" + (dir / "plain")), 1, {"no socket"});
  check_answer(ask("unix:" + (dir / "none/s")), 1, {"no such directory"});
}

TEST_CASE("berth port: wrong calls are exit code 2 and say how to write it") {
  check_answer(ask("nonsense"), 2, {"HOST:PORT"});
  check_answer(ask("127.0.0.1:0"), 2, {"1 to 65535"});
  check_answer(ask("::1:80"), 2, {"[::1]:8000"});
  check_answer(ask("http://127.0.0.1:80"), 2, {"a URL; write HOST:PORT"});
  check_answer(ask("[fe80::1%lo]:80"), 2, {"with a zone"});
  check_answer(ask("name.invalid:80"), 2, {"no address is known for 'name.invalid'"});
  check_answer(ask("198.51.100.7:80"), 2, {"no address of this machine"});
  check_answer(ask("127.0.0.1:80", {"--wait", "soon"}), 2, {"not a duration"});
  CHECK(ask("nonsense", {"--json"}).out.find("urn:berth:bad-address") != std::string::npos);
}
