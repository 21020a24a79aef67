// Where a front can be reached beside HOST:PORT: a unix socket, and a listener that systemd hands over.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/e2e/checks.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

Command joined(Command words, const Command& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// `berth run` whose address is no HOST:PORT of the test's choice; `before`: words in front of its own.
class Front {
 public:
  Front(const std::string& listen, const Command& before = {})
      : control_(dir_ / "berth.sock"),
        child_({joined(before, joined({berth_binary(), "run", "-l", listen, "--control", control_, "--"},
                                      scripted({"--name", "old"}))),
                dir_.path(),
                {}}) {
    const bool told = child_.wait_output("control socket", 15s);
    INFO(child_.out(), child_.err());
    REQUIRE(told);
  }

  ChildProcess& child() { return child_; }
  std::string output() const { return child_.out() + child_.err(); }

  CommandResult swap() {
    return run_command(
        {joined({berth_binary(), "swap", "--control", control_, "--"}, scripted({"--name", "new"})), {}, {}});
  }
  std::string first_address() const {
    const auto status = run_command({{berth_binary(), "status", "--json", "--control", control_}, {}, {}});
    INFO(status.all());
    REQUIRE(status.exit_code == 0);
    const auto all = boost::json::parse(status.out);
    return all.at("apps").at(0).at("addresses").at(0).as_string().c_str();
  }

  void check_clean_stop() {
    child_.signal(SIGTERM);
    CHECK(child_.wait_exit(20s) == ExitStatus{false, 0});
    check_no_process_left();
  }

 private:
  TempDir dir_;
  std::string control_;
  ChildProcess child_;
};

std::string body_over(const std::string& socket) {
  const auto answer =
      run_command({{"curl", "-sS", "--max-time", "15", "--unix-socket", socket, "http://app/"}, {}, {}});
  INFO(answer.err);
  CHECK(answer.exit_code == 0);
  return answer.out.substr(0, answer.out.find('\n'));
}

/// A shell's words that listen on the loopback, or at a path, and hand that over as systemd does: the pid of
/// who is started, descriptor 3, the name.
Command activator(const std::string& address, const std::string& names, int type = 1) {
  const std::string program = R"py(
import os, socket, sys
address, names, type, *command = sys.argv[1:]
path = address.startswith("/")
listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET, int(type))
listener.bind(address if path else (address, 0))
if int(type) == socket.SOCK_STREAM:
    listener.listen(64)
if listener.fileno() != 3:
    os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES=names)
os.execv(command[0], command)
)py";
  return {"/usr/bin/python3", "-c", program, address, names, std::to_string(type)};
}

std::uint16_t port_of(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

}  // namespace

TEST_CASE("front: a unix socket serves, swaps, and its file goes with berth") {
  const TempDir dir;
  const std::string path = dir / "app.sock";
  Front berth("unix:" + path);
  CHECK(berth.output().find("berth: listening on unix:" + path + "\n") != std::string::npos);
  CHECK(berth.first_address() == "unix:" + path);
  CHECK(body_over(path) == "old");
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777U) == 0666);
  CHECK(berth.swap().exit_code == 0);
  CHECK(body_over(path) == "new");
  berth.check_clean_stop();
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("front: a unix socket beside an address, and one limit a client does not make all of them one") {
  const TempDir dir;
  const std::string path = dir / "app.sock";
  BerthProcess berth({.command = scripted({"--name", "both"}),
                      .listen = "127.0.0.1:0,unix:" + path,
                      .more = {"--limit", "max_per_client=1"}});
  REQUIRE(berth.wait_serving());
  CHECK(wait_until([&] { return who_answers(berth.port()) == "both"; }, 15s));
  const std::string two_at_once = R"py(
import socket, sys
clients = [socket.socket(socket.AF_UNIX) for _ in range(2)]
for client in clients:
    client.connect(sys.argv[1])
    client.sendall(b"GET / HTTP/1.1\r\nHost: app\r\n\r\n")
    print(client.recv(4096).decode().splitlines()[0])
)py";
  const auto two = run_command({{"/usr/bin/python3", "-c", two_at_once, path}, {}, {}});
  CHECK(two.out == "HTTP/1.1 200 Scripted\nHTTP/1.1 200 Scripted\n");
  check_clean_stop(berth);
}

TEST_CASE("front: the file that a killed berth left is replaced, a live one's is not") {
  const TempDir dir;
  const std::string path = dir / "app.sock";
  {
    Front killed("unix:" + path);
    killed.child().signal(SIGKILL);
    REQUIRE(killed.child().wait_exit(20s));
  }
  REQUIRE(std::filesystem::exists(path));
  Front berth("unix:" + path);
  CHECK(body_over(path) == "old");
  const auto second =
      run_command({joined({berth_binary(), "run", "-l", "unix:" + path, "--"}, demo()), {}, {}});
  CHECK(second.exit_code == 1);
  check_screen(second, {"cannot listen on unix:" + path, "a server answers there", "pid ",
                        "stop that program, or choose another path"});
  CHECK(body_over(path) == "old");
  berth.check_clean_stop();
}

TEST_CASE("front: what cannot be a unix socket is one error, and no file of anybody's is touched") {
  const TempDir dir;
  const std::string path = dir / "notes.txt";
  std::ofstream(path) << "mine\n";
  struct Row {
    std::string listen;
    int exit_code;
    std::string says;
  };
  for (const Row& row : {Row{"unix:" + path, 1, "there is a file that is no socket"},
                         Row{"unix:" + (dir / "no/app.sock"), 1, "its directory is not there"},
                         Row{"unix:app.sock", 2, "write the whole path"}}) {
    const auto result =
        run_command({joined({berth_binary(), "run", "-l", row.listen, "--"}, demo()), {}, {}});
    CHECK(result.exit_code == row.exit_code);
    check_screen(result, {row.says});
  }
  std::ifstream kept(path);
  std::string line;
  CHECK(std::getline(kept, line));
  CHECK(line == "mine");
}

TEST_CASE("front: --wait waits for the server on a unix socket to go") {
  const TempDir dir;
  const std::string path = dir / "app.sock";
  Front first("unix:" + path);
  ChildProcess second({joined({berth_binary(), "run", "-l", "unix:" + path, "--wait", "30s", "--control",
                               dir / "second.sock", "--"},
                              scripted({"--name", "second"})),
                       {},
                       {}});
  REQUIRE(second.wait_output("waiting up to 30s", 15s));
  first.child().signal(SIGTERM);
  CHECK(first.child().wait_exit(20s) == ExitStatus{false, 0});
  REQUIRE(second.wait_output("listening on unix:", 15s));
  CHECK(body_over(path) == "second");
  second.signal(SIGTERM);
  CHECK(second.wait_exit(20s) == ExitStatus{false, 0});
}

TEST_CASE("front: a listener handed over by systemd is served, and stays open for the next berth") {
  Front berth("systemd:web", activator("127.0.0.1", "web"));
  const std::string address = berth.first_address();
  CHECK(berth.output().find("berth: listening on http://" + address) != std::string::npos);
  CHECK(who_answers(port_of(address)) == "old");
  CHECK(berth.swap().exit_code == 0);
  CHECK(who_answers(port_of(address)) == "new");
  berth.check_clean_stop();
}

TEST_CASE("front: a unix socket handed over by systemd keeps its file") {
  const TempDir dir;
  const std::string path = dir / "app.sock";
  Front berth("systemd", activator(path, ""));
  CHECK(berth.first_address() == "unix:" + path);
  CHECK(body_over(path) == "old");
  berth.check_clean_stop();
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("front: backends are not told of the listener that is berth's") {
  const TempDir dir;
  const std::string words = "env >" + (dir / "env") + "; exec \"$@\"";
  BerthProcess berth({.command = joined({"/bin/sh", "-c", words, "sh"}, scripted()),
                      .env = {{"LISTEN_PID", "1"}, {"LISTEN_FDS", "1"}, {"LISTEN_FDNAMES", "web"}}});
  REQUIRE(berth.wait_serving());
  std::ifstream file(dir / "env");
  const std::string env((std::istreambuf_iterator<char>(file)), {});
  CHECK(env.find("PATH=") != std::string::npos);
  CHECK(env.find("LISTEN_") == std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("front: a listener that nobody hands over is one error that says what to do") {
  struct Row {
    std::string listen;
    Command before;
    std::string says;
  };
  for (const Row& row : {Row{"systemd", {}, "systemd hands over no listener (LISTEN_FDS"},
                         Row{"systemd:api", activator("127.0.0.1", "web"), "with the name 'api', only: web"},
                         Row{"systemd", activator("127.0.0.1", "web", 2), "is no listening stream socket"}}) {
    const auto result = run_command(
        {joined(row.before, joined({berth_binary(), "run", "-l", row.listen, "--"}, demo())), {}, {}});
    CHECK(result.exit_code == 1);
    check_screen(result, {row.says});
  }
}

TEST_CASE("front: a listener that no app takes is told") {
  Front berth("127.0.0.1:0", activator("127.0.0.1", "web"));
  CHECK(berth.child().wait_output("which no app listens on: -l systemd:web takes it", 15s));
  berth.check_clean_stop();
}
