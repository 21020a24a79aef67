// What is written about the file, held to the code.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "config/file_schema.h"
#include "config/key_table.h"
#include "config/toml_file.h"

namespace berth {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(std::string(BERTH_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// A row of README's tables of keys.
std::string row_of(const FileKey& key) {
  const std::string standard = key.standard.empty() ? "" : "`" + key.standard + "`";
  return "| `" + key.name + "` | " + standard + " | " + key.doc + " |";
}

}  // namespace

TEST_CASE("docs: thirty mistakes are told in thirty lines, in the file's order") {
  const auto no_variables = [](const std::string&) { return std::nullopt; };
  const FileResult read = parse_toml(text_of("tests/unit/config/data/mistakes.toml"),
                                     {"mistakes.toml", "/srv/site", no_variables});
  std::string told;
  for (const ConfigError& error : read.errors) told += error.text() + "\n";
  CHECK(read.errors.size() == 30);
  const std::vector<std::string> wanted = lines_of(text_of("tests/unit/config/data/mistakes.txt"));
  const std::vector<std::string> lines = lines_of(told);
  for (const ConfigError& error : read.errors) CHECK_MESSAGE(!error.hint.empty(), error.text());
  INFO("told:\n", told);
  REQUIRE(lines.size() == wanted.size());
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == wanted[i]);
}

TEST_CASE("docs: the schema in docs/ is the one that berth check --schema prints") {
  CHECK_MESSAGE(text_of("docs/berth.schema.json") == file_schema(),
                "write it anew: berth check --schema > docs/berth.schema.json");
}

TEST_CASE("docs: README has a row for every key, under its table, with its default and its sentence") {
  const std::string readme = text_of("README.md");
  for (const FileTable& table : file_tables()) {
    const std::string title = "**`[" + table.name + "]`** " + table.doc;
    const auto begin = readme.find(title);
    INFO(title);
    REQUIRE(begin != std::string::npos);
    const std::string section = readme.substr(begin, readme.find("\n**`[", begin + 1) - begin);
    for (const FileKey& key : table.keys) {
      INFO(row_of(key));
      CHECK(section.find("\n" + row_of(key) + "\n") != std::string::npos);
    }
  }
}

}  // namespace berth
