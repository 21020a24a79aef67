#include "config/run_config.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/ready_text.h"

namespace berth {
namespace {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "berth-config-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
  }

 private:
  std::string path_;
};

RunConfig typed(std::vector<std::string> arguments, const std::string& dir) {
  arguments.insert(arguments.begin(), "run");
  return make_run_config(std::get<RunVerb>(parse_command_line(arguments)), dir);
}

}  // namespace

TEST_CASE("run: a command makes one app in the caller's directory") {
  TempDir dir;
  auto run = typed({"--ready",     "http=/up",      "--drain",   "2s",      "--stop-signal",
                    "INT",         "--stop-to",     "group",     "--limit", "hold_timeout=1s",
                    "--limit",     "max_head=8KiB", "--workers", "2",       "--control",
                    "/tmp/x.sock", "--env",         "A=1",       "--",      "cmd",
                    "arg"},
                   dir.path());
  REQUIRE_MESSAGE(run.errors.empty(), errors_text(run.errors));
  REQUIRE(run.config.apps.size() == 1);
  const AppConfig& app = run.config.apps[0];
  CHECK(app.name == "app");
  CHECK(app.dir == dir.path());
  CHECK(app.command == std::vector<std::string>{"cmd", "arg"});
  CHECK(app.ready.path == "/up");
  CHECK(app.drain == Milliseconds(2000));
  CHECK(app.stop.signal == 2);
  CHECK(app.stop.to == StopTo::Group);
  CHECK(app.limits.hold_timeout == Milliseconds(1000));
  CHECK(app.env.at("A") == "1");
  CHECK(run.config.front.workers == 2);
  CHECK(run.config.listeners.at(0).max_head == 8192);
  CHECK(run.config.listeners.at(0).addresses == std::vector<Endpoint>{Endpoint::loopback_v4(8000)});
  CHECK(run.control == "/tmp/x.sock");
}

TEST_CASE("run: what the options say of a listener holds for every address, and its fault is told once") {
  TempDir dir;
  const auto two = [&](const std::string& limit) {
    return typed({"-l", "127.0.0.1:8000", "-l", "127.0.0.1:8001,unix:/run/a.sock", "--limit", limit,
                  "--trusted", "10.0.0.0/8", "--", "cmd"},
                 dir.path());
  };
  const auto good = two("max_head=8KiB");
  REQUIRE_MESSAGE(good.errors.empty(), errors_text(good.errors));
  REQUIRE(good.config.listeners.size() == 3);
  for (const ListenerConfig& listener : good.config.listeners) {
    CHECK(listener.max_head == 8192);
    CHECK(listener.trusted == std::vector<std::string>{"10.0.0.0/8"});
  }
  const auto wrong = two("max_head=1");
  REQUIRE(wrong.errors.size() == 1);
  CHECK(wrong.errors[0].where == "--limit max_head");
  const auto nowhere = typed({"-l", "", "--", "cmd"}, dir.path());
  REQUIRE(nowhere.errors.size() == 1);
  CHECK(nowhere.errors[0].text().starts_with("--listen: an address is missing"));
}

TEST_CASE("run: faults name the option that they came by") {
  TempDir dir;
  auto run =
      typed({"-l",      "nowhere",        "--drain",   "x",         "--ready",  "smoke",   "--ready-status",
             "abc",     "--stop-signal",  "X",         "--stop-to", "children", "--limit", "hold_time=1s",
             "--limit", "max_upstream=0", "--workers", "-1",        "--",       "cmd"},
            dir.path());
  std::string text = errors_text(run.errors);
  CAPTURE(text);
  for (const char* says : {"--listen: 'nowhere' has no port", "--drain: 'x' is not a duration",
                           "--ready: 'smoke'", "--ready-status: 'abc'", "--stop-signal: 'X'",
                           "--stop-to: 'children' is not a receiver of the stop signal; write main or group",
                           "did you mean 'hold_timeout'",
                           "--limit max_upstream: max_upstream must be at least 1", "--workers: '-1'"}) {
    CAPTURE(says);
    CHECK(text.find(says) != std::string::npos);
  }
}

TEST_CASE("run: every kind of check has its word, and the two options go with them") {
  TempDir dir;
  const auto ready = [&](std::vector<std::string> options) {
    options.insert(options.end(), {"--", "cmd"});
    auto run = typed(options, dir.path());
    CHECK_MESSAGE(run.errors.empty(), errors_text(run.errors));
    return run.config.apps.at(0).ready;
  };
  using Kind = ReadyConfig::Kind;
  CHECK(ready({"--ready", "tcp"}).kind == Kind::Tcp);
  CHECK(ready({"--ready", "listen"}).kind == Kind::Listen);
  CHECK(ready({"--ready", "notify"}).kind == Kind::Notify);
  auto log = ready({"--ready", "log=a=b c$"});
  CHECK(log.kind == Kind::Log);
  CHECK(log.log == "a=b c$");
  auto exec = ready({"--ready", "exec=curl -H 'A: b' \"\" {port}"});
  CHECK(exec.kind == Kind::Exec);
  CHECK(exec.exec == std::vector<std::string>{"curl", "-H", "A: b", "", "{port}"});
  CHECK(ready_check_text(exec) == "exec=curl -H A: b  {port}");
  auto more = ready({"--ready-successes", "3", "--ready-warm", "/", "--ready-warm", "/slow"});
  CHECK(more.successes == 3);
  CHECK(more.warm == std::vector<std::string>{"/", "/slow"});
  CHECK(ready_text(more) == "http=/, 3 in a row, warm / /slow");
}

TEST_CASE("run: a check that is half a one is told under its option") {
  TempDir dir;
  for (const char* check :
       {"notify=1", "tcp=", "log", "log=", "log=(", "exec", "exec=", "exec='x", "smoke"}) {
    CAPTURE(check);
    auto run = typed({"--ready", check, "--", "cmd"}, dir.path());
    REQUIRE(run.errors.size() == 1);
    CHECK(run.errors[0].where == "--ready");
  }
  auto run = typed({"--ready-successes", "x", "--ready-warm", "slow", "--", "cmd"}, dir.path());
  REQUIRE(run.errors.size() == 2);
  CHECK(run.errors[0].where == "--ready-successes");
  CHECK(run.errors[1].where == "--ready-warm");
}

TEST_CASE("run: without a command ./berth.toml is found, and its dir is relative to it") {
  TempDir dir;
  std::filesystem::create_directory(dir.path() + "/code");
  dir.write("berth.toml", "[app.web]\ncommand = [\"x\"]\ndir = \"code\"\n");
  auto run = typed({}, dir.path());
  REQUIRE_MESSAGE(run.errors.empty(), errors_text(run.errors));
  CHECK(run.config.apps.at(0).dir == dir.path() + "/code");
}

TEST_CASE("run: without a command and a file it explains itself") {
  TempDir dir;
  CHECK(typed({}, dir.path()).nothing_to_run);
  CHECK(run_explanation().find("berth run -- COMMAND") != std::string_view::npos);
}

TEST_CASE("run: a file and a command, or a file and an app's options, are too much") {
  TempDir dir;
  dir.write("berth.toml", "[app.web]\ncommand = [\"x\"]\n");
  CHECK(errors_text(typed({"-c", "berth.toml", "--", "y"}, dir.path()).errors).find("both given") !=
        std::string::npos);
  CHECK(errors_text(typed({"--drain", "1s"}, dir.path()).errors).find("the file speaks") !=
        std::string::npos);
  CHECK(typed({"--workers", "3"}, dir.path()).config.front.workers == 3);
  const auto logged = typed({"--log-format", "json", "--log-level", "warn"}, dir.path());
  CHECK(logged.config.front.log.format == LogFormat::Json);
  CHECK(logged.config.front.log.level == LogLevel::Warn);
  CHECK(typed({"--log-level", "loud"}, dir.path()).errors.size() == 1);
}

TEST_CASE("run: a directory that is not there is an error before anything starts") {
  TempDir dir;
  CHECK(errors_text(typed({"--dir", "gone", "--", "x"}, dir.path()).errors) ==
        "berth: --dir: the dir of app 'app', " + dir.path() +
            "/gone, is not a directory; make it, or name another\n");
  dir.write("berth.toml", "[app.web]\ncommand = ['no-such-program']\ndir = 'gone'\n");
  const auto file = typed({}, dir.path());
  REQUIRE(file.errors.size() == 1);
  CHECK(file.errors[0].where == "berth.toml:3:7");
}

TEST_CASE("run: a value that cannot be read is told once, not with what follows from it") {
  TempDir dir;
  CHECK(typed({"--external", "nowhere"}, dir.path()).errors.size() == 1);
}

TEST_CASE("run config: a wait goes with a command and with a file, and has to be a duration") {
  TempDir dir;
  CHECK(typed({"--", "x"}, dir.path()).wait == Milliseconds(0));
  CHECK(typed({"--wait=5s", "--", "x"}, dir.path()).wait == Milliseconds(5'000));
  CHECK(typed({"--wait=off", "--", "x"}, dir.path()).wait == kOff);
  CHECK(typed({"--wait=soon", "--", "x"}, dir.path()).errors.size() == 1);
  dir.write("berth.toml", "[app.web]\ncommand = ['x']\n");
  auto run = typed({"--wait"}, dir.path());
  CHECK(run.errors.empty());
  CHECK(run.wait == Milliseconds(30'000));
}

}  // namespace berth
