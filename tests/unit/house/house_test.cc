// The rules of the house that a machine can hold: which way the includes go (design section 11), how long a
// file may be, and what a test may not do. Reads the sources as they lie in the tree.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = BERTH_SOURCE_DIR;
constexpr std::size_t kMostLines = 400;

struct Source {
  std::string path;  // from the root
  std::string text;
  std::vector<std::string> lines;
};

Source read_source(const fs::path& file) {
  Source source{fs::relative(file, kRoot).generic_string(), {}, {}};
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  source.text = text.str();
  for (std::string line; std::getline(text, line);) source.lines.push_back(line);
  return source;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = [] {
    std::vector<Source> found;
    for (const char* top : {"config", "backend", "proxy", "tests", "bench"}) {
      for (const auto& entry : fs::recursive_directory_iterator(kRoot / top)) {
        std::string extension = entry.path().extension().string();
        if (extension == ".h" || extension == ".cc") found.push_back(read_source(entry.path()));
      }
    }
    return found;
  }();
  return all;
}

// The part of the tree that a file belongs to: "config", "backend", "proxy/http", "proxy" (main and the app).
std::string part_of(const std::string& path) {
  auto first = path.find('/');
  std::string top = path.substr(0, first);
  if (top != "proxy") return top;
  auto second = path.find('/', first + 1);
  return second == std::string::npos ? top : path.substr(0, second);
}

// Which parts each part may include beside itself.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"config", {}},
    {"backend", {"config"}},
    {"proxy/loop", {"config"}},
    {"proxy/observe", {"config", "proxy/loop"}},
    {"proxy/route", {"config", "proxy/loop", "proxy/observe"}},
    {"proxy/http", {"config", "proxy/loop", "proxy/route", "proxy/observe"}},
    {"proxy/swap", {"config", "backend", "proxy/loop", "proxy/route", "proxy/http", "proxy/observe"}},
    {"proxy/control", {"config", "proxy/loop", "proxy/route", "proxy/http", "proxy/observe"}},
    {"proxy/dev", {"config", "proxy/loop", "proxy/route", "proxy/http", "proxy/observe"}},
    {"proxy/load", {"config", "bench", "proxy/loop", "proxy/observe", "proxy/control"}},
    {"proxy",
     {"config", "backend", "proxy/loop", "proxy/route", "proxy/http", "proxy/observe", "proxy/swap",
      "proxy/control", "proxy/dev", "proxy/load"}},
};

std::vector<std::string> includes_of(const Source& source, char open, char close) {
  std::vector<std::string> found;
  for (const std::string& line : source.lines) {
    if (!line.starts_with("#include ")) continue;
    auto begin = line.find(open, 8);
    auto end = begin == std::string::npos ? begin : line.find(close, begin + 1);
    if (end != std::string::npos) found.push_back(line.substr(begin + 1, end - begin - 1));
  }
  return found;
}

// The seam between the API and the apps is written in the API's words; who implements it reads it.
const std::string kSeam = "proxy/control/service.h";

// `berth port` asks the kernel and no berth: the API's part reads the truth about ports, and nothing else
// there.
const std::set<std::string> kPortTruth = {"backend/port.h", "backend/port_text.h"};

bool is_door(const std::string& from, const std::string& include) {
  return (from == "proxy/swap" && include == kSeam) ||
         (from == "proxy/control" && kPortTruth.count(include) == 1);
}

bool is_test(const Source& source) { return source.path.starts_with("tests/"); }

}  // namespace

TEST_CASE("house: the tree is read at all") {
  CHECK(sources().size() > 50);
  CHECK(part_of("proxy/http/exchange.cc") == "proxy/http");
  CHECK(part_of("proxy/main.cc") == "proxy");
  CHECK(part_of("backend/demo/demo.cc") == "backend");
}

TEST_CASE("house: includes go one way") {
  for (const Source& source : sources()) {
    std::string from = part_of(source.path);
    auto rule = kMayInclude.find(from);
    if (rule == kMayInclude.end()) continue;
    for (const std::string& include : includes_of(source, '"', '"')) {
      std::string to = part_of(include);
      INFO(source.path, " includes ", include);
      CHECK((to == from || rule->second.count(to) == 1 || is_door(from, include)));
    }
  }
}

TEST_CASE("house: includes are written from the root, the own header first") {
  for (const Source& source : sources()) {
    auto quoted = includes_of(source, '"', '"');
    for (const std::string& include : quoted) {
      INFO(source.path, " includes ", include);
      CHECK(fs::exists(kRoot / include));
    }
    std::string own = source.path.substr(0, source.path.rfind('.')) + ".h";
    if (!source.path.ends_with(".cc") || !fs::exists(kRoot / own)) continue;
    INFO(source.path);
    REQUIRE_FALSE(quoted.empty());
    CHECK(quoted.front() == own);
  }
}

TEST_CASE("house: what decides knows no socket, no clock and no library of the edge") {
  std::regex deciding(
      R"((_machine|head_rules|json_map|json_read|api_route|phase_text|status_text|validate|duration_text)\.(h|cc)$)");
  std::regex forbidden(
      R"(^(boost/asio|boost/beast|sys/|unistd\.h|fcntl\.h|poll\.h|netinet/|thread$|mutex$))");
  for (const Source& source : sources()) {
    if (is_test(source) || !std::regex_search(source.path, deciding)) continue;
    for (const std::string& include : includes_of(source, '<', '>')) {
      INFO(source.path, " includes ", include);
      CHECK_FALSE(std::regex_search(include, forbidden));
    }
    INFO(source.path);
    CHECK(source.text.find("::now()") == std::string::npos);
  }
}

TEST_CASE("house: the heavy libraries have one door each") {
  // The command line's door has three leaves: the verbs, the options of those that serve, and how it shows
  // them.
  std::map<std::string, std::set<std::string>> doors = {
      {"toml++/", {"config/toml_table.h"}},
      {"CLI/",
       {"config/command_line.cc", "config/help_text.h", "config/run_options.h", "config/load_options.h"}},
      {"re2/", {"config/pattern.cc"}},
      {"spdlog/", {"proxy/observe/log.cc"}}};
  for (const Source& source : sources()) {
    for (const std::string& include : includes_of(source, '<', '>')) {
      for (const auto& [library, door] : doors) {
        if (!include.starts_with(library)) continue;
        INFO(include);
        CHECK(door.contains(source.path));
      }
    }
  }
}

TEST_CASE("house: the product's JSON has one writer") {
  // Boost's own writes what is no UTF-8, and figures that are not finite, as they are.
  for (const Source& source : sources()) {
    if (is_test(source)) continue;
    INFO(source.path);
    CHECK(source.text.find("json::serialize(") == std::string::npos);
  }
}

// std::regex takes time that grows with every way to match, and recurses for each character.
TEST_CASE("house: no part of the product matches with the standard library's regular expressions") {
  for (const Source& source : sources()) {
    if (is_test(source)) continue;
    INFO(source.path);
    const auto includes = includes_of(source, '<', '>');
    CHECK(std::find(includes.begin(), includes.end(), "regex") == includes.end());
  }
}

TEST_CASE("house: no file is longer than 400 lines") {
  for (const Source& source : sources()) {
    INFO(source.path, ": ", source.lines.size(), " lines");
    CHECK(source.lines.size() <= kMostLines);
  }
}

TEST_CASE("house: headers are guarded, and say what they own before anything else") {
  for (const Source& source : sources()) {
    if (!source.path.ends_with(".h")) continue;
    INFO(source.path);
    CHECK(std::find(source.lines.begin(), source.lines.end(), "#pragma once") != source.lines.end());
    REQUIRE_FALSE(source.lines.empty());
    CHECK(source.lines.front().starts_with("// "));
  }
}

TEST_CASE("house: no name of a type says nothing") {
  std::regex type(R"(^\s*(class|struct)\s+\w*(Manager|Helper|Util|Utils|Context)\b)");
  for (const Source& source : sources()) {
    for (const std::string& line : source.lines) {
      INFO(source.path, ": ", line);
      CHECK_FALSE(std::regex_search(line, type));
    }
  }
}

TEST_CASE("house: test names hold no semicolon, which would split them for ctest") {
  std::regex name(R"re(TEST_CASE\(\s*"([^"]*)")re");
  for (const Source& source : sources()) {
    if (!is_test(source)) continue;
    for (std::sregex_iterator it(source.text.begin(), source.text.end(), name), end; it != end; ++it) {
      INFO(source.path, ": ", (*it)[1].str());
      CHECK((*it)[1].str().find(';') == std::string::npos);
    }
  }
}

TEST_CASE("house: a test waits for an event, never for time") {
  // A random moment and a stall of known length are what these are about: nothing is waited for.
  const std::set<std::string> allowed = {"tests/e2e/killed_front_test.cc",
                                         "tests/unit/load/client_pace_test.cc"};
  std::regex sleeping(R"(\b(sleep_for|sleep_until|usleep|nanosleep)\s*\()");
  for (const Source& source : sources()) {
    if (!is_test(source) || !source.path.ends_with("_test.cc") || allowed.count(source.path) == 1) continue;
    for (const std::string& line : source.lines) {
      INFO(source.path, ": ", line);
      CHECK_FALSE(std::regex_search(line, sleeping));
    }
  }
}
