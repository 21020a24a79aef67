// check and init as a user meets them: the file they write is one that they accept, and that runs.
#include <doctest/doctest.h>

#include <boost/json/parse.hpp>
#include <filesystem>

#include "tests/e2e/checks.h"
#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"

using namespace std::chrono_literals;
using namespace berth::test;

namespace {

namespace json = boost::json;

CommandResult berth_says(const std::vector<std::string>& words, const std::string& dir) {
  Command command{berth_binary()};
  command.insert(command.end(), words.begin(), words.end());
  return run_command({command, dir, {}}, 20s);
}

json::object object_of(const CommandResult& result) {
  INFO(result.all());
  json::error_code error;
  json::value value = json::parse(result.out, error);
  REQUIRE_FALSE(error.failed());
  return value.as_object();
}

}  // namespace

TEST_CASE("check: a file that can be served is told in one line, as text and as JSON") {
  TempDir dir;
  write_file(dir / "berth.toml",
             "[app.web]\nlisten = \"127.0.0.1:8000\"\nhost = \"example.org\"\ncommand = [\"sh\"]\n"
             "[app.api]\nlisten = \"127.0.0.1:8000\"\npath = \"/api\"\ncommand = [\"sh\"]\n"
             "[app.db]\nlisten = \"127.0.0.1:5432\"\nmode = \"tcp\"\ncommand = [\"sh\"]\n"
             "[app.worker]\ncommand = [\"sh\"]\n");
  const auto result = berth_says({"check"}, dir.path());
  CHECK(result.exit_code == 0);
  CHECK(result.out ==
        "berth.toml: 4 apps: web on 127.0.0.1:8000 at example.org; api on 127.0.0.1:8000 at /api; "
        "db on 127.0.0.1:5432 (tcp); worker without an address\n");
  CHECK(result.err.empty());
  const auto object = object_of(berth_says({"check", "--json"}, dir.path()));
  CHECK(object.at("ok").as_bool());
  CHECK(object.at("errors").as_array().empty());
  REQUIRE(object.at("apps").as_array().size() == 4);
  CHECK(object.at("apps").at(1).at("path").as_string() == "/api");
}

TEST_CASE("check: faults of the file and of the machine are told together, in the file's order") {
  TempDir dir;
  write_file(
      dir / "berth.toml",
      "[app.web]\nlisten = \"127.0.0.1:8000\"\ncommand = [\"no-such-program-here\"]\ndrain = \"soon\"\n"
      "dir = \"gone\"\nuser = \"nobody-of-that-name\"\nhooks = { failed = [\"./not-there\"] }\n"
      "[app.other]\ncommand = [\"./not-there\"]\n");
  const auto result = berth_says({"check"}, dir.path());
  CHECK(result.exit_code == 2);
  CHECK(result.out.empty());
  CHECK(
      result.err ==
      "berth.toml:3:11: the program 'no-such-program-here' is not in PATH; install it, or write where it is\n"
      "berth.toml:4:9: 'soon' is not a duration; write \"250ms\", \"30s\", \"5m\" or \"off\"\n"
      "berth.toml:5:7: the dir of app 'web', " +
          dir.path() +
          "/gone, is not a directory; make it, or name another\n"
          "berth.toml:6:8: there is no user 'nobody-of-that-name' on this machine; make it, or name another\n"
          "berth.toml:9:11: './not-there' is not a program in " +
          dir.path() + "; install it, or write where it is\nberth: 5 faults\n");
  const auto json_too = berth_says({"check", "--json"}, dir.path());
  CHECK(json_too.exit_code == 2);
  const auto object = object_of(json_too);
  CHECK_FALSE(object.at("ok").as_bool());
  REQUIRE(object.at("errors").as_array().size() == 5);
  const json::object& second = object.at("errors").at(1).as_object();
  CHECK(second.at("file").as_string() == "berth.toml");
  CHECK(second.at("line").as_int64() == 4);
  CHECK(second.at("column").as_int64() == 9);
  CHECK(second.at("what").as_string() == "'soon' is not a duration");
  CHECK(std::string(second.at("hint").as_string().c_str()).starts_with("write \"250ms\""));
  // What run says of the same file has the same place.
  CHECK(berth_says({"run"}, dir.path()).err.find("berth: berth.toml:4:9: 'soon' is not") !=
        std::string::npos);
}

TEST_CASE("check: an address that this machine lacks is told as run tells it, and one that is taken is not") {
  // RFC 5737: nobody has an address of that network.
  const std::string absent = "cannot listen on 192.0.2.1:8010: this machine has no such address";
  const std::string way_out = "127.0.0.1:PORT and 0.0.0.0:PORT always exist";
  TempDir dir;
  HeldSocket taken({});
  const auto app = [](const std::string& name, const std::string& listen) {
    return "[app." + name + "]\nlisten = \"" + listen + "\"\ncommand = [\"sh\"]\n";
  };
  const std::string free = app("taken", "127.0.0.1:" + std::to_string(taken.port())) +
                           app("named", "localhost:8011") + app("unix", "unix:" + dir / "web.sock");
  write_file(dir / "berth.toml", free);
  CHECK(berth_says({"check"}, dir.path()).exit_code == 0);
  const std::string no_dir = dir / "none/web.sock";
  write_file(dir / "berth.toml", "[front]\nmetrics = \"192.0.2.1:9145\"\n" + app("web", "192.0.2.1:8010") +
                                     app("api", "unix:" + no_dir) + free);
  const auto result = berth_says({"check"}, dir.path());
  CHECK(result.exit_code == 2);
  CHECK(result.err == "berth.toml:2:11: cannot listen on 192.0.2.1:9145: this machine has no such address; " +
                          way_out + "\nberth.toml:4:10: " + absent + "; " + way_out +
                          "\nberth.toml:7:10: cannot listen on unix:" + no_dir +
                          ": its directory is not there; make it, or choose another path\nberth: 3 faults\n");
  write_file(dir / "berth.toml", app("web", "192.0.2.1:8010"));
  const auto run = berth_says({"run"}, dir.path());
  CHECK(run.exit_code == 1);
  check_screen(run, {absent, way_out});
  write_file(dir / "berth.toml", "[front]\nmetrics = \"192.0.2.1:9145\"\n" + app("web", "127.0.0.1:0"));
  const auto metrics = berth_says({"run", "--control", dir / "c.sock"}, dir.path());
  CHECK(metrics.exit_code == 1);
  check_screen(metrics, {"metrics: cannot listen on 192.0.2.1:9145: this machine has no such address",
                         "choose another address for `metrics` in [front]"});
  CHECK(metrics.err.find("free that address") == std::string::npos);
}

TEST_CASE("check: a file that is not there, and one that is no TOML, have one fault each") {
  TempDir dir;
  const auto missing = berth_says({"check"}, dir.path());
  CHECK(missing.exit_code == 2);
  check_screen(missing, {"berth.toml: there is no such file", "berth init", "1 fault"});
  write_file(dir / "x.toml", "[app.web\n");
  const auto broken = berth_says({"check", "-c", "x.toml"}, dir.path());
  CHECK(broken.exit_code == 2);
  check_screen(broken, {"x.toml:1:", "1 fault"});
}

TEST_CASE("check: --defaults prints a file that check accepts, and --schema an object") {
  TempDir dir;
  const auto defaults = berth_says({"check", "--defaults"}, dir.path());
  CHECK(defaults.exit_code == 0);
  // Whatever serves there, its program is on this machine.
  std::string text = defaults.out;
  const auto program = text.find("\"uvicorn\"");
  REQUIRE(program != std::string::npos);
  text.replace(program, 9, "\"sh\"");
  write_file(dir / "berth.toml", text);
  CHECK(berth_says({"check"}, dir.path()).exit_code == 0);
  const auto schema = object_of(berth_says({"check", "--schema"}, dir.path()));
  CHECK(schema.at("$schema").as_string() == "http://json-schema.org/draft-07/schema#");
  CHECK_FALSE(schema.at("additionalProperties").as_bool());
  CHECK(schema.at("properties").as_object().size() == 3);
  CHECK(berth_says({"check", "--schema", "--defaults"}, dir.path()).exit_code == 2);
}

TEST_CASE("init: where nothing is found it writes the demo, which check accepts and run serves") {
  TempDir dir;
  const auto result = berth_says({"init"}, dir.path());
  CHECK(result.exit_code == 0);
  check_screen(result, {"berth.toml: written", "the demo", "next: berth run"});
  CHECK(berth_says({"check"}, dir.path()).exit_code == 0);
  std::string text = read_file(dir / "berth.toml");
  const auto place = text.find("127.0.0.1:8000");
  REQUIRE(place != std::string::npos);
  text.replace(place, 14, "127.0.0.1:0");  // the machine's 8000 may be taken
  BerthProcess berth({.file = text});
  REQUIRE(berth.wait_serving());
  check_clean_stop(berth);
}

TEST_CASE("init: it writes what it finds, and never over a file unless it is told to") {
  TempDir dir;
  write_file(dir / "index.html", "<p>hello");
  write_file(dir / "notes.txt", "");
  CHECK(berth_says({"init", "-c", "first.toml"}, dir.path()).exit_code == 0);
  CHECK(read_file(dir / "first.toml").find(R"(command = ["python3", "-m", "http.server"])") !=
        std::string::npos);
  CHECK(berth_says({"check", "-c", "first.toml"}, dir.path()).exit_code == 0);

  write_file(dir / "berth.toml", "mine");
  const auto refused = berth_says({"init"}, dir.path());
  CHECK(refused.exit_code == 2);
  check_screen(refused, {"berth.toml is there already", "--force"});
  CHECK(read_file(dir / "berth.toml") == "mine");
  CHECK(object_of(berth_says({"init", "--json"}, dir.path())).at("type").as_string() ==
        "urn:berth:file-exists");

  write_file(dir / "package.json", R"({"scripts": {"dev": "vite"}})");
  const auto object = object_of(berth_says({"init", "--force", "--json"}, dir.path()));
  REQUIRE(object.at("found").as_array().size() == 1);
  CHECK(object.at("found").at(0).at("told_by").as_string() == "package.json's script dev");
  CHECK(read_file(dir / "berth.toml").find(R"(["npm", "run", "dev"])") != std::string::npos);
  CHECK(berth_says({"init", "-c", "gone/berth.toml"}, dir.path()).exit_code == 1);
}

TEST_CASE("init: a program that is not installed is told, with what to do") {
  TempDir dir;
  write_file(dir / "bin", "");  // so that bin/rails is none of this directory
  write_file(dir / "Gemfile", "gem 'rails'\n");
  const auto result = run_command({{berth_binary(), "init"}, dir.path(), {{"PATH", dir.path()}}}, 20s);
  CHECK(result.exit_code == 0);
  check_screen(result, {"bundle exec rails server (Gemfile)", "before it can run", "'bundle' is not in PATH",
                        "next: berth check"});
}
