#include "config/default_file.h"

#include "config/key_table.h"

namespace berth {
namespace {

constexpr std::string_view kHead =
    R"(# berth.toml: every key with its default. A # right before a key keeps it at that: take it away to change it.
# Without a default there is an example. Durations: "250ms", "30s", "5m", "2h", "off"; sizes: 512, "64KiB", "1MiB".
)";

constexpr std::string_view kAddress = "127.0.0.1:8000";

std::string header(const FileTable& table) {
  if (table.name == "listener.ADDRESS") return "[listener.\"" + std::string(kAddress) + "\"]";
  std::string name = table.name;
  if (const auto at = name.find("NAME"); at != std::string::npos) name.replace(at, 4, "web");
  return "[" + name + "]";
}

/// What the app cannot do without.
bool is_needed(const FileTable& table, const FileKey& key) {
  return table.name == "app.NAME" && (key.name == "listen" || key.name == "command");
}

std::string lines_of(const FileTable& table, const FileKey& key) {
  std::string text = "# " + key.doc + "\n";
  if (is_needed(table, key)) return text + key.name + " = " + key.example + "\n";
  if (key.standard.empty()) return text + "# for example: " + key.name + " = " + key.example + "\n";
  return text + "#" + key.name + " = " + key.standard + "\n";
}

}  // namespace

std::string default_file() {
  std::string text(kHead);
  for (const FileTable& table : file_tables()) {
    text += "\n# " + table.doc + "\n" + header(table) + "\n";
    for (const FileKey& key : table.keys) text += lines_of(table, key);
  }
  return text;
}

}  // namespace berth
