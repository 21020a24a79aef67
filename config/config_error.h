// What is wrong with what the user asked for, and where. Plain values: who finds a fault fills one in, who
// shows it knows nothing else.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// A place in a file. A place that is none, such as an option's name, has no line.
struct FilePlace {
  std::string file;
  unsigned line = 0;    ///< from 1; 0: none
  unsigned column = 0;  ///< from 1
};

/// "berth.toml:12:3" as its parts.
FilePlace file_place(std::string_view where);

/// One fault, for one line of the screen.
struct ConfigError {
  std::string where;  ///< "berth.toml:12:3", "--drain"; may be empty
  std::string what;   ///< one sentence without a full stop
  std::string hint;   ///< what to do; may be empty

  std::string text() const {
    std::string line = where.empty() ? what : where + ": " + what;
    return hint.empty() ? line : line + "; " + hint;
  }
};

/// Where each value came from: "app.web.listen" -> "berth.toml:12:3" or "--listen".
struct Origins {
  std::map<std::string, std::string, std::less<>> of;
  /// The keys whose values have a fault of their own already.
  std::set<std::string, std::less<>> unread{};

  /// The place of `key`, or of the nearest table around it; empty when there is none.
  std::string find(std::string_view key) const {
    while (!key.empty()) {
      if (auto found = of.find(key); found != of.end()) return found->second;
      auto dot = key.rfind('.');
      key = dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
    }
    return {};
  }
};

/// A fault whose `what` may have its hint behind a semicolon: "'x' is no size; write 64KiB".
ConfigError config_fault(std::string where, std::string what, std::string hint = {});

/// So many faults are told at most.
inline constexpr std::size_t kMostFaults = 100;

/// Of more than kMostFaults, the first, and how many more there are.
void bound(std::vector<ConfigError>& errors);

/// By their places in the file; those without one stand at the end.
void sort_by_place(std::vector<ConfigError>& errors);

/// The word of `known` that `word` was probably meant to be; empty when none is near, or `word` is longer
/// than any of them could be.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

}  // namespace berth
