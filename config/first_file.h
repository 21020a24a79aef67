// The first berth.toml of a directory, from what lies there. What a server's command is to look like stands
// in known_servers.h; here stands only which files tell of one. Pure: the directory is handed in.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace berth {

/// A directory as `berth init` sees it.
struct Directory {
  std::vector<std::string> names;              ///< of its files, sorted
  std::map<std::string, std::string> scripts;  ///< of its package.json
  /// A file's text, by its path from here; empty: there is none.
  std::function<std::string(const std::string&)> read;
  /// Whether a program is there, by its path from here.
  std::function<bool(const std::string&)> has_program;
  std::string berth = "berth";  ///< what starts berth itself
};

/// One server that could be started.
struct FoundApp {
  std::string name;                  ///< in the file
  std::vector<std::string> command;  ///< as one would type it
  std::string told_by;               ///< "package.json's script dev"
  std::string note{};                ///< what berth does with the command; empty: nothing
  std::string caution{};             ///< why its swaps have to be stop-start; empty: they need not be
};

struct FirstFile {
  std::string text;
  std::vector<FoundApp>
      found;  ///< the first one is served, the others stand there as comments; empty: the demo
};

FirstFile first_file(const Directory& directory);

}  // namespace berth
