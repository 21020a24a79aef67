#include "config/key_table.h"

#include <algorithm>
#include <iterator>

#include "config/key_table_parts.h"
#include "config/limit_keys.h"
#include "config/mode_text.h"
#include "config/toml_text.h"

namespace berth {
namespace {

/// A value of [front] as text.
template <class Text>
auto of_front(Text text) {
  return [text](const Config& config) { return text(config.front); };
}

template <class Text>
auto of_log(Text text) {
  return [text](const Config& config) { return text(config.front.log); };
}

}  // namespace

const Config& default_config() {
  static const Config config = [] {
    Config made;
    made.apps.emplace_back();
    made.listeners.emplace_back();
    return made;
  }();
  return config;
}

std::vector<FileTable> front_tables() {
  std::vector<FileTable> tables = {
      {"front",
       "The process as a whole",
       {file_key({"workers", KeyType::Count, "2", "Threads that serve; 0 is one per core"},
                 of_front([](const FrontConfig& f) { return std::to_string(f.workers); })),
        file_key({"metrics", KeyType::Text, R"("127.0.0.1:9145")",
                  "An address where GET /metrics is answered; empty: on the control socket alone"},
                 of_front([](const FrontConfig& f) { return toml_text(f.metrics); }))}},
      {"front.log",
       "What berth writes of itself, and of the requests",
       {file_key(
            {"format", KeyType::OneOf, R"("json")", "Lines for people, or JSON objects", {"human", "json"}},
            of_log([](const LogConfig& l) { return toml_text(log_format_text(l.format)); })),
        file_key({"level",
                  KeyType::OneOf,
                  R"("warn")",
                  "The least weight of what is written",
                  {"debug", "info", "warn", "error"}},
                 of_log([](const LogConfig& l) { return toml_text(log_level_text(l.level)); })),
        file_key(
            {"access", KeyType::Text, R"("/var/log/berth/access.log")",
             R"(The file of the access log, a line for each request; "-" is standard output, empty: none)"},
            of_log([](const LogConfig& l) { return toml_text(l.access); })),
        file_key({"access_format",
                  KeyType::OneOf,
                  R"("json")",
                  "The combined format that web servers share, or JSON objects",
                  {"combined", "json"}},
                 of_log([](const LogConfig& l) { return toml_text(access_format_text(l.access_format)); }))}},
  };
  return tables;
}

const std::vector<FileTable>& file_tables() {
  static const std::vector<FileTable> all = [] {
    std::vector<FileTable> tables = front_tables();
    for (std::vector<FileTable> more : {listener_tables(), app_tables()})
      std::move(more.begin(), more.end(), std::back_inserter(tables));
    return tables;
  }();
  return all;
}

std::string tables_with(const std::string& key) {
  std::string text;
  for (const FileTable& table : file_tables()) {
    const bool has = std::any_of(table.keys.begin(), table.keys.end(),
                                 [&](const FileKey& each) { return each.name == key; });
    if (has) text += (text.empty() ? "[" : " or [") + table.name + "]";
  }
  return text;
}

std::vector<const FileTable*> tables_within(const std::string& name) {
  const std::string prefix = name.empty() ? "" : name + ".";
  // [app.NAME] stands right within the file, as [front] does.
  const auto is_user_named = [](std::string_view rest) {
    return rest == "app.NAME" || rest == "listener.ADDRESS";
  };
  std::vector<const FileTable*> found;
  for (const FileTable& table : file_tables()) {
    if (table.name == name || !table.name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(table.name).substr(prefix.size());
    if (rest.find('.') == std::string_view::npos || (name.empty() && is_user_named(rest)))
      found.push_back(&table);
  }
  return found;
}

}  // namespace berth
