// What was meant by a command that cannot be started, and by words that berth does not take.
#include "config/program_hint.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "config/command_line.h"
#include "config/port_mode.h"
#include "config/stray_words.h"
#include "config/working_dir.h"

using namespace berth;

namespace {

namespace fs = std::filesystem;

struct Place {
  Place() {
    std::string name = (fs::temp_directory_path() / "berth-hint-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    dir = fs::canonical(name);
  }
  ~Place() { fs::remove_all(dir); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  void file(const std::string& name, fs::perms perms = fs::perms::owner_read) const {
    std::ofstream(dir / name) << "x";
    fs::permissions(dir / name, perms);
  }
  fs::path dir;
};

/// The working directory and $PWD as they were, once the test is over.
struct Here {
  Here() : dir(fs::current_path()), pwd(std::getenv("PWD") == nullptr ? "" : std::getenv("PWD")) {}
  ~Here() {
    fs::current_path(dir);
    ::setenv("PWD", pwd.c_str(), 1);
  }
  Here(const Here&) = delete;
  Here& operator=(const Here&) = delete;
  fs::path dir;
  std::string pwd;
};

}  // namespace

TEST_CASE("hint: what was meant by a program that is not found") {
  const Place place;
  place.file("app.py");
  place.file("data");
  place.file("run", fs::perms::owner_all);
  struct Row {
    const char* program;
    const char* hint;
  };
  for (const Row& row : {
           Row{"uvicorn app:app",
               R"(leave out the quotes around all of it (in the file: ["uvicorn", "app:app"]))"},
           Row{"a && b", R"(write sh -c 'a && b' (in the file: ["sh", "-c", "a && b"]))"},
           Row{"A=1 serve", "write sh -c 'A=1 serve'"},
           Row{"FOO=1", R"(write --env FOO=1 before the `--`, or in the file env = { FOO = "1" })"},
           Row{"cd", "--dir DIR"},
           Row{"source", "source is the shell's"},
           Row{"app.py", "write python3 app.py, or chmod +x it and write ./app.py"},
           Row{"./app.py", "write python3 ./app.py, or chmod +x it and write ./app.py"},
           Row{"data", "chmod +x it, and write ./data"},
           Row{"run", "write ./run"},
       }) {
    CAPTURE(std::string(row.program));
    const std::string hint = program_hint(row.program, place.dir.string());
    CAPTURE(hint);
    CHECK(hint.find(row.hint) != std::string::npos);
  }
  CHECK(program_hint("uvicorm", place.dir.string()).empty());
  CHECK(program_hint("./run", place.dir.string()).empty());
  CHECK(words_of_text("flask run") == R"(["flask", "run"])");
  CHECK(words_of_text("flask run > log") == R"(["sh", "-c", "flask run > log"])");
}

TEST_CASE("hint: words of other tools, and a command without run, get the words to type") {
  const std::vector<std::string> verbs = {"run", "swap", "status", "stop", "logs", "rollback"};
  CHECK(unknown_verb_text({"ps"}, verbs) == "there is no verb 'ps': did you mean 'status'?");
  CHECK(unknown_verb_text({"down"}, verbs) == "there is no verb 'down': did you mean 'stop'?");
  CHECK(unknown_verb_text({"up"}, verbs) == "there is no verb 'up': did you mean 'run'?");
  CHECK(unknown_verb_text({"version"}, verbs) == "there is no verb 'version': did you mean '--version'?");
  CHECK(unknown_verb_text({"sawp"}, verbs) == "there is no verb 'sawp': did you mean 'swap'?");
  CHECK(unknown_verb_text({"uvicorn", "app:app"}, verbs) ==
        "there is no verb 'uvicorn': to serve with a command, type `berth run -- uvicorn app:app`");
  CHECK(unknown_verb_text({"./server"}, verbs) ==
        "there is no verb './server': to serve with a command, type `berth run -- ./server`");
  CHECK(extra_word_text("site.toml", "run") ==
        "'site.toml' is one word too many: a file is named by -c site.toml");
  CHECK(extra_word_text("x", "swap") == "'x' is one word too many: a command stands after `--`");
  CHECK(unknown_option_text("-p", "run", {}).find("-l PORT is where users come to") != std::string::npos);
  CHECK(unknown_option_text("--swap=stop-start", "swap", {}).find("swap = \"stop-start\" in the file") !=
        std::string::npos);
}

TEST_CASE("hint: check and init take their file as a word, too") {
  CHECK(*std::get<CheckVerb>(parse_command_line({"check", "a.toml"})).file == "a.toml");
  CHECK(*std::get<CheckVerb>(parse_command_line({"check", "-c", "a.toml"})).file == "a.toml");
  CHECK(*std::get<InitVerb>(parse_command_line({"init", "a.toml"})).file == "a.toml");
  CHECK_FALSE(std::get<CheckVerb>(parse_command_line({"check"})).file);
  CHECK(std::get<ShowText>(parse_command_line({"check", "a.toml", "-c", "b.toml"})).exit_code == 2);
}

TEST_CASE("hint: the address of a server may be its URL") {
  CHECK(std::get<Endpoint>(parse_server_address("http://127.0.0.1:9000")) ==
        Endpoint::v4({127, 0, 0, 1}, 9000));
  CHECK(std::get<Endpoint>(parse_server_address("http://localhost:9000/")).port == 9000);
  CHECK(std::get<std::string>(parse_server_address("http://127.0.0.1:9000/app")) ==
        "'http://127.0.0.1:9000/app' is a page, not a server; write 127.0.0.1:9000");
  CHECK(std::get<std::string>(parse_server_address("https://127.0.0.1:9000")).find("without TLS") !=
        std::string::npos);
}

TEST_CASE("hint: rollback takes a number of the history") {
  CHECK(std::get<SwapVerb>(parse_command_line({"rollback", "--to", "3"})).back_to == 3);
  CHECK(std::get<SwapVerb>(parse_command_line({"rollback", "web"})).back_to == 0);
  for (const char* wrong : {"0", "-1", "x", "3x", ""}) {
    CAPTURE(wrong);
    CHECK(std::get<ShowText>(parse_command_line({"rollback", "--to", wrong})).exit_code == 2);
  }
  CHECK(std::get<HistoryVerb>(parse_command_line({"history", "web"})).target.app == "web");
}

TEST_CASE("directory: PWD is taken where it names the working directory, and nowhere else") {
  const Place place;
  const Here here;
  fs::create_directories(place.dir / "one/deep");
  fs::create_directories(place.dir / "two");
  fs::create_directory_symlink("one", place.dir / "current");
  fs::current_path(place.dir / "current");
  const auto with = [&](const fs::path& pwd) {
    ::setenv("PWD", pwd.c_str(), 1);
    return working_dir();
  };
  const std::string real = (place.dir / "one").string();
  CHECK(with(place.dir / "current") == (place.dir / "current").string());
  CHECK(with(place.dir / "two") == real);
  CHECK(with("current") == real);
  CHECK(with(place.dir / "two/../current") == real);
  CHECK(with(place.dir / "none") == real);
  ::unsetenv("PWD");
  CHECK(working_dir() == real);
}

TEST_CASE("directory: dots are left out where that leads to the same place") {
  const Place place;
  fs::create_directories(place.dir / "releases/one/conf");
  fs::create_directories(place.dir / "releases/shared");
  fs::create_directory_symlink("releases/one", place.dir / "current");
  const std::string base = place.dir.string();
  CHECK(joined_path(base, ".") == base + "/");
  CHECK(joined_path(base, "releases/../releases/one") == base + "/releases/one");
  CHECK(joined_path(base, "/srv/x") == "/srv/x");
  CHECK(joined_path(base + "/current", "conf") == base + "/current/conf");
  // The kernel goes up from where the link leads to.
  CHECK(joined_path(base + "/current", "../shared") == base + "/current/../shared");
  CHECK(joined_path("/nowhere/a", "../b") == "/nowhere/b");
}
