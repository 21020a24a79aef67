// What a file may hold without harm to a front that reads it while it serves: anything.
#include "config/toml_bounds.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "config/read_file.h"
#include "config/toml_file.h"

using namespace berth;

namespace {

namespace fs = std::filesystem;

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

FileResult read(const std::string& text) {
  return parse_toml(
      text, {"berth.toml", "/srv", [](const std::string&) { return std::optional<std::string>("x"); }});
}

struct TempDir {
  TempDir() {
    std::string name = (fs::temp_directory_path() / "berth-file-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TempDir() { fs::remove_all(path); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  fs::path path;
};

}  // namespace

TEST_CASE(
    "toml: a character beyond ASCII needs quotes, and is fine in a string, a comment and after a mark") {
  for (const char* text :
       {"[front\xd2\x8fog]\n", "caf\xc3\xa9 = 1\n", "[front]\nworkers = \xd9\xa1\n", "\xc2\xa0\n"}) {
    CAPTURE(text);
    const FileResult result = read(text);
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors.front().what.find("not ASCII") != std::string::npos);
  }
  const FileResult fine = read(
      "\xef\xbb\xbf# caf\xc3\xa9\n[app.\"w\xc3\xa9\xc3\xbf\"]\ncommand = [\"\xe2\x98\x95\", '\xd9\xa1']\n");
  for (const auto& error : fine.errors) CHECK(error.what.find("ASCII") == std::string::npos);
}

TEST_CASE("toml: what lies too deep is refused before the parser sees it, however it is written") {
  const std::string dotted = repeated("a.", 50'000) + "a";
  struct Row {
    const char* name;
    std::string text;
  };
  for (const Row& row : {
           Row{"a key with dots", dotted + " = 1"},
           Row{"a header with dots", "[" + dotted + "]"},
           Row{"a header of a list", "[[" + dotted + "]]"},
           Row{"a key with dots in quotes", repeated("\"a\".", 50'000) + "a = 1"},
           Row{"lists", "a = " + repeated("[", 50'000)},
           Row{"lists over lines", "a = [\n" + repeated("[\n", 50'000)},
           Row{"inline tables", "a = " + repeated("{a=", 50'000)},
           Row{"inline tables with dots", "a = " + repeated("{" + repeated("a.", 60) + "a=", 500)},
           Row{"a header, then a key", "[" + repeated("a.", 50) + "a]\n" + repeated("b.", 50) + "b = 1"},
           Row{"lists of inline tables", "a = " + repeated("[{a=", 50'000)},
           Row{"behind strings that look like comments", "a = '''#'''\nb = \"\\\"#\"\n" + dotted + " = 1"},
       }) {
    CAPTURE(row.name);
    const auto result = read(row.text);
    REQUIRE(result.errors.size() == 1);
    CHECK(result.errors[0].what == "tables and lists lie more than 64 deep within each other");
    CHECK(result.errors[0].where.starts_with("berth.toml:"));
  }
}

TEST_CASE("toml: dots and brackets that are text have no depth") {
  const std::string dots = repeated(".", 1000) + repeated("[", 1000) + repeated("{", 1000);
  CHECK_FALSE(toml_beyond_bounds("a = \"" + dots + "\""));
  CHECK_FALSE(toml_beyond_bounds("a = '" + dots + "' # " + dots));
  CHECK_FALSE(toml_beyond_bounds("a = \"\"\"\n" + dots + "\"\\\"\"\"\n" + dots + "\"\"\"\"\"\nb = 1"));
  CHECK_FALSE(toml_beyond_bounds("a = '''\n" + dots + "''\n" + dots + "'''\nb = 1"));
  CHECK_FALSE(toml_beyond_bounds("# " + dots + "\n[a.b]\nc.d = { e = [ 1.5, 2.5 ] }"));
  CHECK_FALSE(toml_beyond_bounds("a = [" + repeated("1.5, ", 1000) + "]"));
  CHECK_FALSE(toml_beyond_bounds("a = [\n" + repeated("  { x.y = 1.5 },\n", 1000) + "]"));
  CHECK_FALSE(toml_beyond_bounds(repeated("[[a.b]]\nc.d = 1\n", 1000)));
}

TEST_CASE("toml: a key, a count, a value without measure is one fault") {
  CHECK(read("\"" + std::string(300, '.') + "\" = 1").errors.at(0).what == "a key is longer than 255 bytes");
  std::string apps;
  for (int i = 0; i < 1001; ++i) apps += "[app.a" + std::to_string(i) + "]\n";
  const auto many = read(apps);
  CHECK(many.errors.at(0).what == "at most 1000 apps and as many listeners");
  std::string unknown = "[app.web]\ncommand = ['x']\n";
  for (int i = 0; i < 5000; ++i) unknown += "k" + std::to_string(i) + " = 1\n";
  const auto faults = read(unknown);
  CHECK(faults.errors.size() == kMostFaults + 1);
  CHECK(faults.errors.back().what.ends_with("more faults"));
  const auto quoted = read("[app.web]\ncommand = ['x']\nlisten = '" + std::string(900'000, 'y') + "'");
  REQUIRE_FALSE(quoted.errors.empty());
  CHECK(quoted.errors.at(0).text().size() < 1000);
}

TEST_CASE("toml: what the parser takes for granted is a fault, too") {
  for (const char* text :
       {"[(x]", "[.x]", "[[(x]]", "[ =]", "[,]", "a.(b = 1", "a = { (b = 1 }", "a = { ,", "[", "[[",
        "a = ", "a.", "= 1", "(", "a = '", "a = \"\\", "a = 1_", "a = 0x", "a = 1979-"}) {
    CAPTURE(std::string(text));
    CHECK(read(text).errors.size() == 1);
  }
}

TEST_CASE("toml: whatever bytes a file holds, reading it ends with values or with faults") {
  const std::string whole = R"([front]
workers = 2
log = { format = "json", level = "warn" }

[listener."127.0.0.1:8000"]
max_head = "32KiB"

[app.web]
listen = "127.0.0.1:8000"
host = ["a.example", "*.b.example"]
command = ["uvicorn", "app:app", "--port", "{port}"]
env = { A = "$HOME", B = '''
two lines''' }
ready = { log = "running on .*:[0-9]+", timeout = "5s" }
long_paths = { "/terminals" = "pin" }
limits = { hold_timeout = "1s", max_upstream = 5 }

[app.worker]
listen = ""
command = ["sh", "-c", """
exec \"$0\"
"""]
after = ["web"]
hooks.failed = ["true"]
)";
  const std::string salt = std::string("[]{}\"'.=#\n\r\t,\\\0", 15) + "\xef\xbb\xbf\xff\x1b$0-";
  std::mt19937 random(20'261'129);
  INFO("seed 20261129");
  for (int round = 0; round < 400; ++round) {
    CAPTURE(round);
    std::string text = whole;
    for (unsigned edits = random() % 20; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      const char c = salt[random() % salt.size()];
      switch (random() % 4) {
        case 0:
          text[at] = c;
          break;
        case 1:
          text.insert(at, random() % 40, c);
          break;
        case 2:
          text.erase(at, random() % 60);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 200));
      }
    }
    const auto result = read(text);
    CHECK((!result.errors.empty() || !result.config.apps.empty()));
  }
}

TEST_CASE("file: what is no plain file, or no small one, is a fault and no wait") {
  const TempDir dir;
  const fs::path fifo = dir.path / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(read_file(fifo.string(), 100).text.empty());
  const int writer = ::open(fifo.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(writer >= 0);
  CHECK(read_file(fifo.string(), 100).fault == "its end does not come");
  CHECK(read_file(fifo.string(), 100, Milliseconds(20)).fault == "its end does not come");
  ::close(writer);
  CHECK(read_file("/dev/zero", 1 << 20).fault == "it is larger than 1024 KiB");
  CHECK(read_file("/", 100).fault == "it is a directory");
  CHECK(read_file((dir.path / "none").string(), 100).fault == "No such file or directory");
  std::ofstream(dir.path / "plain") << "\xef\xbb\xbf{}";
  CHECK(without_mark(read_file((dir.path / "plain").string(), 5).text) == "{}");
  CHECK(read_file((dir.path / "plain").string(), 4).fault == "it is larger than 0 KiB");
}

TEST_CASE("file: a pipe is read to its end") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(::write(ends[1], "[app.web]\n", 10) == 10);
  ::close(ends[1]);
  const FileText text = read_file("/dev/fd/" + std::to_string(ends[0]), 100);
  ::close(ends[0]);
  CHECK(text.fault.empty());
  CHECK(text.text == "[app.web]\n");
}
