#include "config/first_file.h"

#include "config/found_apps.h"
#include "config/toml_text.h"

namespace berth {
namespace {

constexpr std::string_view kHead =
    R"(# What `berth run` serves here. `berth check` tells every fault of this file; `berth check --defaults` prints
# every key with its default and its meaning.

)";

constexpr std::string_view kMore =
    R"(#dir   = "."                     # where the command runs
#env   = { APP_ENV = "dev" }     # added to its environment
#ready = { http = "/health" }    # what says that a new one may get requests: a path, or tcp, log, exec, notify
#drain = "30s"                   # how long an old one's requests may take
)";

std::string table_of(const FoundApp& app, int port) {
  std::string text = "# " + app.told_by + "\n";
  if (!app.note.empty()) text += "# " + app.note + "\n";
  text += "[app." + app.name + "]\n";
  text += "listen  = " + toml_text("127.0.0.1:" + std::to_string(port)) + "\n";
  text += "command = " + toml_words(app.command) + "\n";
  if (!app.caution.empty()) text += "swap    = \"stop-start\"         # " + app.caution + "\n";
  return text;
}

std::string commented(const std::string& text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    out += (line.starts_with('#') ? "" : "#") + line;
    begin = end;
  }
  return out;
}

}  // namespace

FirstFile first_file(const Directory& directory) {
  constexpr int kFirstPort = 8000;
  FirstFile file{std::string(kHead), found_apps(directory)};
  if (file.found.empty()) {
    file.text += table_of({"web",
                           {directory.berth, "demo"},
                           "Nothing was found here that serves, so this is the demo: "
                           "write your own command, {port} stands for its port"},
                          kFirstPort);
    file.text += kMore;
    return file;
  }
  file.found.front().name = "web";
  for (std::size_t i = 0; i < file.found.size(); ++i) {
    const std::string table = table_of(file.found[i], kFirstPort + static_cast<int>(i));
    file.text += i == 0 ? table + std::string(kMore) : "\n" + commented(table);
  }
  return file;
}

}  // namespace berth
