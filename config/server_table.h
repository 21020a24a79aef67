// What each popular server is called and understands: one row each. Nothing else in the program knows a
// server by name. Plain values.
#pragma once

#include <string_view>
#include <vector>

namespace berth {

/// Words that are added unless one of `unless` is there.
struct Extra {
  std::vector<std::string_view> unless;
  std::vector<std::string_view> words;
};

struct KnownServer {
  std::string_view name{};
  std::vector<std::string_view> programs{};     ///< by the last part of the path
  std::vector<std::string_view> modules{};      ///< python -m
  std::vector<std::string_view> subcommands{};  ///< one of them must be there; empty: none is asked for
  std::vector<std::string_view>
      port_options{};  ///< the first is the one that is added; empty: see positional
  std::string_view port_value = "{port}";
  std::vector<std::string_view> number_options{};  ///< take the number alone where port_value is more
  /// Other classes' names of the option, which count in some of its programs and are left out in all.
  std::vector<std::string_view> stray_port_options{};
  bool positional = false;                         ///< the place is a word of its own
  bool last_wins = false;                          ///< of two ports that it is told, the later one counts
  std::vector<std::string_view> told_otherwise{};  ///< options after which nothing is touched
  /// Those that take their value from the next word, ports apart: what stands there is nobody's place.
  std::string_view value_options{};  ///< with a blank between each two
  bool dotted_take_values = false;   ///< and so does every option with a dot in its name
  std::vector<Extra> extras{};
  Extra below{};  ///< how it is told that its pages lie below {base}
  std::string_view ready_path{};
  std::string_view caution{};
};

/// All of them; of two rows with one name the first counts that has its subcommand.
const std::vector<KnownServer>& server_table();

}  // namespace berth
