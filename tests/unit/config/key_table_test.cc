#include "config/key_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "config/config_change.h"
#include "config/default_file.h"
#include "config/file_schema.h"
#include "config/toml_file.h"

namespace berth {
namespace {

constexpr const char* kPlace = "listen = \"127.0.0.1:8000\"\n";
constexpr const char* kCommand = "command = [\"x\"]\n";

FileResult parsed(const std::string& text) {
  return parse_toml(text, {"berth.toml", "/srv/site", [](const std::string&) { return std::nullopt; }});
}

/// What some keys ask of others; else an app listens and has a command.
std::string surroundings(const FileTable& table, const FileKey& key) {
  if (key.name == "started") return kCommand;
  if (table.name != "app.NAME") return std::string(kPlace) + kCommand;
  if (key.name == "listen") return kCommand;
  if (key.name == "command" || key.name == "external") return kPlace;
  std::string text = std::string(kPlace) + kCommand;
  if (key.name == "strip") text += "path = \"/api\"\n";
  return text;
}

/// A file with the one line that is looked at.
std::string file_with(const FileTable& table, const FileKey& key, const std::string& line) {
  std::string text = "[app.web]\n" + surroundings(table, key);
  if (table.name == "app.NAME") text += line;
  if (table.name == "listener.ADDRESS") text += "[listener.\"127.0.0.1:8000\"]\n" + line;
  if (table.name.starts_with("app.NAME.")) text += "[app.web." + table.name.substr(9) + "]\n" + line;
  if (table.name.starts_with("front")) text += "[" + table.name + "]\n" + line;
  if (key.name == "after") text += "[app.db]\ncommand = [\"db\"]\n";
  return text;
}

std::string told(const FileResult& result) {
  std::string all;
  for (const ConfigError& error : result.errors) all += error.text() + "\n";
  return all;
}

/// Every value that a Config has, as "table.key" -> text.
std::map<std::string, std::string> values(const Config& config) {
  std::map<std::string, std::string> all;
  for (const FileTable& table : file_tables())
    for (const FileKey& key : table.keys) all[table.name + "." + key.name] = key.value(config);
  return all;
}

template <class Look>
void for_each_key(Look look) {
  for (const FileTable& table : file_tables()) {
    for (const FileKey& key : table.keys) {
      CAPTURE(table.name);
      CAPTURE(key.name);
      look(table, key);
    }
  }
}

/// The keys that the parser knows in the table with this header, from what it says of one that it does not.
std::set<std::string> known_keys(const std::string& header) {
  const std::string asked =
      header.empty() ? "qqqqqqqqqqqqqqqqqqqq = 1\n" : "[" + header + "]\nqqqqqqqqqqqqqqqqqqqq = 1\n";
  std::set<std::string> known;
  for (const ConfigError& error : parsed(asked).errors) {
    if (error.what.find("qqqqqqqqqqqqqqqqqqqq") == std::string::npos) continue;
    REQUIRE(error.hint.starts_with("known are: "));
    std::istringstream words(error.hint.substr(11));
    for (std::string word; std::getline(words >> std::ws, word, ',');) known.insert(word);
  }
  return known;
}

std::string header_of(const std::string& table) {
  if (table == "listener.ADDRESS") return "listener.\"127.0.0.1:8000\"";
  return table.starts_with("app.NAME") ? "app.web" + table.substr(8) : table;
}

}  // namespace

TEST_CASE("keys: the table and the parser know the same ones") {
  std::set<std::string> top;
  for (const FileTable* table : tables_within("")) top.insert(table->name.substr(0, table->name.find('.')));
  CHECK(known_keys("") == top);
  for (const FileTable& table : file_tables()) {
    CAPTURE(table.name);
    std::set<std::string> listed;
    for (const FileKey& key : table.keys) listed.insert(key.name);
    CHECK(listed.size() == table.keys.size());
    for (const FileTable* inner : tables_within(table.name))
      listed.insert(inner->name.substr(inner->name.rfind('.') + 1));
    CHECK(known_keys(header_of(table.name)) == listed);
  }
}

TEST_CASE("keys: every default, written down, changes nothing") {
  for_each_key([](const FileTable& table, const FileKey& key) {
    if (key.standard.empty()) return;
    const FileResult without = parsed(file_with(table, key, ""));
    const FileResult with = parsed(file_with(table, key, key.name + " = " + key.standard + "\n"));
    CHECK(told(without) == "");
    CHECK(told(with) == told(without));
    CHECK(values(with.config) == values(without.config));
    CHECK(key.value(default_config()) == key.standard);
  });
}

TEST_CASE("keys: every example is another value, and reaches its field") {
  for_each_key([](const FileTable& table, const FileKey& key) {
    REQUIRE_FALSE(key.example.empty());
    CHECK(key.example != key.standard);
    const FileResult result = parsed(file_with(table, key, key.name + " = " + key.example + "\n"));
    CHECK(told(result) == "");
    CHECK(key.value(result.config) == key.example);
  });
}

namespace {

/// What compare() calls a change of the key.
std::string told_by_reload(const FileTable& table, const FileKey& key) {
  if (table.name == "listener.ADDRESS") return "listener.\"127.0.0.1:8000\"." + key.name;
  if (table.name.starts_with("front")) return table.name + "." + key.name;
  // The check that is asked where none is named differs with it.
  if (key.name == "mode" && table.name == "app.NAME") return "ready, app.web.mode";
  if (table.name == "app.NAME") return key.name;
  const std::string part = table.name.substr(9);
  return part == "limits" ? part + "." + key.name : part;
}

std::string all_told(const ConfigChange& change) {
  std::vector<std::string> all;
  for (const AppChange& app : change.apps) all.insert(all.end(), app.keys.begin(), app.keys.end());
  for (const auto& more : {change.listeners, change.front, change.restart})
    all.insert(all.end(), more.begin(), more.end());
  std::string text;
  for (const std::string& each : all) text += (text.empty() ? "" : ", ") + each;
  return text;
}

}  // namespace

TEST_CASE("reload: each key, changed alone, is told by its name, and the others are not") {
  for_each_key([](const FileTable& table, const FileKey& key) {
    // Without the key it holds what the example says, or there is no app: then with another value.
    const std::map<std::string, std::string> others{{"app.NAME.command", kCommand},
                                                    {"app.NAME.external", "external = \"127.0.0.1:1\"\n"},
                                                    {"app.NAME.listen", "listen = \"127.0.0.1:1\"\n"},
                                                    {"app.NAME.dir", "dir = \"/\"\n"},
                                                    {"app.NAME.ready.started", "log = \"up\"\n"}};
    const auto other = others.find(table.name + "." + key.name);
    const std::string before = other == others.end() ? "" : other->second;
    const FileResult without = parsed(file_with(table, key, before));
    const FileResult with = parsed(file_with(table, key, key.name + " = " + key.example + "\n"));
    REQUIRE(told(without) == "");
    REQUIRE(told(with) == "");
    CHECK(all_told(compare(without.config, with.config)) == told_by_reload(table, key));
  });
}

TEST_CASE("keys: each has a sentence, and each word of a choice is one") {
  for_each_key([](const FileTable& table, const FileKey& key) {
    CHECK(key.doc.size() > 10);
    CHECK_FALSE(key.doc.ends_with("."));
    CHECK(key.words.empty() == (key.type != KeyType::OneOf));
    for (const std::string& word : key.words) {
      CAPTURE(word);
      CHECK(told(parsed(file_with(table, key, key.name + " = \"" + word + "\"\n"))) == "");
    }
    if (key.type == KeyType::OneOf)
      CHECK(told(parsed(file_with(table, key, key.name + " = \"neither\"\n"))) != "");
  });
}

TEST_CASE("keys: every key refuses a value of another type") {
  for_each_key([](const FileTable& table, const FileKey& key) {
    CHECK(told(parsed(file_with(table, key, key.name + " = 1979-05-27\n"))).find("berth.toml:") == 0);
  });
}

TEST_CASE("keys: the file of all defaults is one, as it is and without its comment signs") {
  const std::string text = default_file();
  std::string active;
  std::istringstream lines(text);
  std::size_t opened = 0;
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 160);
    const bool key = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    opened += key ? 1 : 0;
    active += line.substr(key ? 1 : 0) + "\n";
  }
  const FileResult closed = parsed(text);
  CHECK(told(closed) == "");
  const FileResult open = parsed(active);
  CHECK(told(open) == "");
  CHECK(values(open.config) == values(closed.config));
  std::size_t with_default = 0;
  for_each_key([&](const FileTable&, const FileKey& key) {
    with_default += key.standard.empty() ? 0 : 1;
    CHECK(text.find(key.doc) != std::string::npos);
  });
  CHECK(opened == with_default);
  // An app of the file differs from the struct's in what has no default, and in its directory.
  std::map<std::string, std::string> plain = values(default_config());
  for (const auto& each : values(open.config)) {
    if (each.first == "app.NAME.command" || each.first == "app.NAME.dir") continue;
    CAPTURE(each.first);
    CHECK(each.second == plain[each.first]);
  }
}

}  // namespace berth
