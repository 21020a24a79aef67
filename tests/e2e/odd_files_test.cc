// Files that somebody writes while berth serves: whatever they hold, the front stays.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/checks.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

namespace fs = std::filesystem;

std::string app(const std::string& says, const std::string& keys = {}) {
  return "[app.web]\nlisten = \"127.0.0.1:0\"\ncommand = " + scripted_toml({"--name", says}) +
         "\nstop = { grace = \"2s\" }\n" + keys;
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("odd files: what is too deep, too large or no text is refused by a reload, and the front serves") {
  BerthProcess berth({.file = app("one")});
  REQUIRE(berth.wait_serving());
  for (const std::string& text :
       {repeated("a.", 50'000) + "a = 1", "[" + repeated("a.", 50'000) + "a]",
        "a = " + repeated("[", 100'000), "a = " + repeated("{a=", 100'000), std::string("[\0app]", 6),
        std::string(2'000'000, '#'), std::string(100'000, '\xff')}) {
    write_file(berth.file(), text);
    const auto result = berth.call("reload");
    CHECK(result.exit_code == 1);
    check_screen(result, {"berth.toml", "nothing has changed"});
    REQUIRE(who_answers(berth.port()) == "one");
  }
  write_file(berth.file(), app("two"));
  CHECK(berth.call("reload").exit_code == 0);
  CHECK(who_answers(berth.port()) == "two");
  check_clean_stop(berth);
}

TEST_CASE("odd files: a FIFO, a device, a directory in the file's place hold nobody up") {
  BerthProcess berth({.file = app("one")});
  REQUIRE(berth.wait_serving());
  const auto refused = [&](const std::string& why) {
    const auto result = berth.call("reload", {}, {}, 15s);
    CHECK(result.exit_code == 1);
    check_screen(result, {why, "nothing has changed"});
    CHECK(who_answers(berth.port()) == "one");
    fs::remove(berth.file());
  };
  fs::remove(berth.file());
  REQUIRE(::mkfifo(berth.file().c_str(), 0600) == 0);
  refused("there is no app");
  fs::create_symlink("/dev/zero", berth.file());
  refused("it is larger than 1024 KiB");
  fs::create_directory(berth.file());
  refused("it is a directory");
  check_clean_stop(berth);
}

TEST_CASE("odd files: with --watch-config each fault of a file is one line of the log") {
  BerthProcess berth({.file = app("one"), .more = {"--watch-config"}});
  REQUIRE(berth.wait_serving());
  write_file(berth.file(), app("two", "one_fault = 1\nother_fault = 2\n"));
  REQUIRE(berth.child().wait_output("nothing has changed", 15s));
  const std::string said = berth.output();
  for (const char* fault : {":5:1: there is no key 'one_fault'", ":6:1: there is no key 'other_fault'"}) {
    CAPTURE(std::string(fault));
    CHECK(said.find("reload failed: " + berth.file() + fault) != std::string::npos);
  }
  CHECK(said.find("berth: berth:") == std::string::npos);
  CHECK(said.find('?') == std::string::npos);
  check_clean_stop(berth);
}

TEST_CASE("odd files: a link to a file elsewhere is watched, wherever the change is made") {
  TempDir elsewhere;
  write_file(elsewhere / "one.toml", app("one"));
  write_file(elsewhere / "two.toml", app("two"));
  fs::create_symlink("one.toml", elsewhere / "current");
  BerthProcess berth({.file = app("none"), .more = {"--watch-config"}});
  REQUIRE(berth.wait_serving());
  fs::create_symlink(elsewhere / "current", berth.file() + ".new");
  fs::rename(berth.file() + ".new", berth.file());
  CHECK(wait_until([&] { return who_answers(berth.port()) == "one"; }, 15s));
  write_file(elsewhere / "one.toml", app("changed"));
  CHECK(wait_until([&] { return who_answers(berth.port()) == "changed"; }, 15s));
  fs::create_symlink("two.toml", elsewhere / "next");
  fs::rename(elsewhere / "next", elsewhere / "current");
  CHECK(wait_until([&] { return who_answers(berth.port()) == "two"; }, 15s));
  check_clean_stop(berth);
}

// The pattern tries every way in a matcher that goes back: it would not come to an end in a lifetime.
TEST_CASE("odd files: a pattern that is dear to match keeps nobody from stopping berth") {
  const std::string a(40, 'a');
  BerthProcess berth({.command = scripted({"--say", a, "--never-listen"}),
                      .ready_timeout = "60s",
                      .more = {"--ready", "log=(a+)+b"}});
  REQUIRE(berth.child().wait_output(a, 15s));
  check_screen(berth.call("status"), {"starting"});
  CHECK(berth.stop() == ExitStatus{.signalled = false, .value = 0});
  check_no_process_left();
}

TEST_CASE("odd files: check refuses what a pattern cannot be, and says what to write") {
  TempDir dir;
  write_file(dir / "berth.toml", app("one", R"(ready = { log = '(\w+) \1' })"));
  const auto result = run_command({{berth_binary(), "check", dir / "berth.toml"}, {}, {}});
  CHECK(result.exit_code == 2);
  check_screen(result, {"is not a regular expression", "there is no backreference"});
}
