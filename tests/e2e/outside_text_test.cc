// Text from outside on its way to a terminal or a pipe, a terminal that takes no more of it, and the berths
// that a user has running.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <sstream>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A server that has written what a terminal would obey, and says so.
Command hostile() {
  std::string script =
      R"(printf 'A\033[31mred\033[0m\033[2JB\033]52;c;eA==\007C\302\2331mD\342\200\256E\033[8mF\351\n'; )"
      R"(printf '\033]0;title\033\\all written\n'; exec "$@")";
  Command all{"/bin/sh", "-c", script, "sh"};
  for (const std::string& word : scripted()) all.push_back(word);
  return all;
}

constexpr const char* kShown = "AredBC?1mD?EF?";
constexpr const char* kColoured = "A\x1b[31mred\x1b[0mBC?1mD?EF?";

CommandResult at_terminal(const BerthProcess& berth, const std::string& verb, const std::string& last,
                          const std::map<std::string, std::string>& env) {
  return run_command({{"/usr/bin/python3", app_path("typist.py"), last, "", "--", berth_binary(), verb,
                       "--control", berth.control()},
                      {},
                      env});
}

struct Started {
  explicit Started(const std::string& runtime, const std::string& dir, const std::string& name)
      : child({run_of(name), dir, {{"XDG_RUNTIME_DIR", runtime}}}) {
    REQUIRE(child.wait_output("serving after", 20s));
    port = listening_port(child.out()).value();
  }
  static Command run_of(const std::string& name) {
    Command all{berth_binary(), "run", "-l", "127.0.0.1:0", "--name", name, "--stop-grace", "2s", "--"};
    for (const std::string& word : scripted({"--name", name})) all.push_back(word);
    return all;
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port); }
  ChildProcess child;
  std::uint16_t port = 0;
};

}  // namespace

TEST_CASE(
    "text from outside: a backend's escape sequences reach no terminal and no pipe, unless they are asked "
    "for") {
  BerthProcess berth({.command = hostile()});
  REQUIRE(berth.wait_serving());
  REQUIRE(berth.child().wait_output("all written", 15s));
  CHECK(has(berth.child().out(), kShown));
  CHECK_FALSE(has(berth.child().out(), "\x1b"));
  const auto piped = berth.call("logs");
  CHECK(has(piped.out, kShown));
  CHECK_FALSE(has(piped.out, "\x1b"));
  const auto raw = berth.call("logs", {"--raw"});
  CHECK(has(raw.out, "\x1b[31mred\x1b[0m\x1b[2JB\x1b]52;c;eA==\x07"));
  CHECK(has(raw.out, "\xe2\x80\xae"));
  const auto json = berth.call("logs", {"--json"});
  CHECK(has(json.out, "\\u001b[31mred"));
  CHECK(has(json.out, "\\u202e"));
  CHECK_FALSE(has(json.out, "\x1b"));
  CHECK_FALSE(has(json.out, "\xe2\x80\xae"));
  const auto coloured = at_terminal(berth, "logs", "all written", {{"TERM", "xterm"}, {"NO_COLOR", ""}});
  INFO(coloured.all());
  CHECK(has(coloured.out, kColoured));
  CHECK_FALSE(has(coloured.out, "\x1b[2J"));
  CHECK_FALSE(has(coloured.out, "\x1b]"));
  CHECK_FALSE(has(coloured.out, "\x1b[8m"));
  const auto dumb = at_terminal(berth, "logs", "all written", {{"TERM", "dumb"}, {"NO_COLOR", ""}});
  CHECK(has(dumb.out, kShown));
  CHECK_FALSE(has(dumb.out, "\x1b"));
  check_clean_stop(berth);
}

TEST_CASE("text from outside: what is wrong with a file is told without what a terminal obeys in it") {
  const TempDir dir;
  write_file(dir / "berth.toml",
             "[app.web]\ncommand = [\"x\"]\n\"\\u001B]0;t\\u0007\\u202Ekey\" = 1\nswap = \"\\u009B2J\"\n");
  for (const char* verb : {"check", "run"}) {
    const auto result = run_command({{berth_binary(), verb, "-c", dir / "berth.toml"}, dir.path(), {}}, 20s);
    INFO(result.all());
    CHECK(result.exit_code == 2);
    CHECK(has(result.err, "key"));
    for (const char* bad : {"\x1b", "\x07", "\xe2\x80\xae", "\xc2\x9b"}) CHECK_FALSE(has(result.all(), bad));
  }
  const auto call = run_command({{berth_binary(), "sta\x1b[2Jtus\xe2\x80\xae"}, {}, {}}, 20s);
  CHECK(call.exit_code == 2);
  CHECK_FALSE(has(call.err, "\x1b"));
  CHECK_FALSE(has(call.err, "\xe2\x80\xae"));
}

TEST_CASE("stop: a terminal that takes no more output does not keep berth from ending") {
  const TempDir dir;
  Command all{"/usr/bin/python3", app_path("stuck_terminal.py"), "a line that nobody"};
  for (const std::string& word :
       {berth_binary(), std::string("run"), std::string("-l"), std::string("127.0.0.1:0"),
        std::string("--control"), dir / "berth.sock", std::string("--stop-grace"), std::string("2s"),
        std::string("--"), std::string("/bin/sh"), std::string("-c"),
        std::string("yes 'a line that nobody will read, about as long as they are' & exec \"$@\""),
        std::string("sh")})
    all.push_back(word);
  for (const std::string& word : scripted()) all.push_back(word);
  const auto result = run_command({all, {}, {{"TERM", "xterm"}}}, 60s);
  INFO(result.all());
  CHECK(has(result.out, "ended 0"));
  check_no_process_left();
}

TEST_CASE("ls: a berth whose socket lies elsewhere is listed, and found by its app or address") {
  const TempDir runtime;
  // Nobody else has an app of that name.
  const std::string name = "shop-" + std::to_string(::getpid());
  BerthProcess berth({.command = scripted({}), .more = {"--name", name}});
  REQUIRE(berth.wait_serving());
  const auto call = [&](Command words) {
    words.insert(words.begin(), berth_binary());
    return run_command({words, "/", {{"XDG_RUNTIME_DIR", runtime.path()}}}, 60s);
  };
  const std::string address = "127.0.0.1:" + std::to_string(berth.port());
  const auto listed = call({"ls"});
  CHECK(listed.exit_code == 0);
  CHECK(listed.err.empty());
  check_screen(listed, {name + " on " + address, "--control " + berth.control()});
  for (const std::string& wanted : {name, address}) {
    const auto status = call({"status", wanted});
    CHECK(status.exit_code == 0);
    check_screen(status, {name, "serving"});
  }
  const auto by_name = call({"stop", name});
  CHECK(by_name.exit_code == 2);
  check_screen(by_name, {"stop is for a whole berth", "berth stop --control PATH"});
  CHECK(call({"stop", address}).exit_code == 0);
  CHECK(berth.child().wait_exit(20s) == ExitStatus{.signalled = false, .value = 0});
  check_no_process_left();
}

TEST_CASE("ls: tells which berths run, and an app or an address finds its own among them") {
  const TempDir runtime;
  const TempDir one_dir;
  const TempDir two_dir;
  const auto berth = [&](Command words) {
    words.insert(words.begin(), berth_binary());
    return run_command({words, "/", {{"XDG_RUNTIME_DIR", runtime.path()}}}, 60s);
  };
  Started one(runtime.path(), one_dir.path(), "shop");
  Started two(runtime.path(), two_dir.path(), "blog");
  const auto listed = berth({"ls"});
  CHECK(listed.exit_code == 0);
  check_screen(listed, {"shop on " + one.address(), "blog on " + two.address(),
                        "pid " + std::to_string(one.child.pid()), "in " + two_dir.path(),
                        "--control " + runtime.path() + "/berth/" + one.address() + ".sock"});
  boost::json::error_code error;
  const auto json = boost::json::parse(berth({"ls", "--json"}).out, error);
  REQUIRE_FALSE(error.failed());
  int ours = 0;
  for (const auto& each : json.at("berths").as_array()) {
    if (each.at("pid") != one.child.pid()) continue;
    ++ours;
    CHECK(each.at("dir").as_string() == one_dir.path().c_str());
    CHECK(each.at("apps").at(0).at("name") == "shop");
    CHECK(each.at("apps").at(0).at("state") == "serving");
    CHECK(each.at("apps").at(0).at("addresses").at(0).as_string() == one.address().c_str());
  }
  CHECK(ours == 1);

  CHECK(berth({"status"}).exit_code == 2);
  check_screen(berth({"status", "shop"}), {one.address()});
  check_screen(berth({"status", two.address()}), {"blog"});
  CHECK(berth({"status", "nosuch"}).exit_code == 2);
  CHECK(berth({"swap", two.address()}).exit_code == 0);
  check_screen(berth({"why", "blog"}), {"asked by `berth swap`"});
  CHECK(berth({"stop", two.address()}).exit_code == 0);
  CHECK(two.child.wait_exit(20s) == ExitStatus{false, 0});
  // Now there is one, and an address that is not its own is not taken for it.
  CHECK(berth({"stop", two.address()}).exit_code == 2);
  CHECK(berth({"stop", one.address()}).exit_code == 0);
  CHECK(one.child.wait_exit(20s) == ExitStatus{false, 0});
}
