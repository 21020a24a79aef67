// Which ports a command's own words name: its output says where the server listens ("Running on
// http://127.0.0.1:5000"), or where a debugger does ("Debugger listening on ws://127.0.0.1:9229/…"), and so
// do the options of its command line. Knows no socket. A value in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::backend {

class OutputPorts {
 public:
  /// A line of the output, colours and all; its first 512 bytes count.
  void hear(std::string_view line);

  /// The words of the command, and those of the variables that give options to what it starts.
  void take_words(const std::vector<std::string>& words);

  /// Found out otherwise.
  void add_debugger(std::uint16_t port) { add(debuggers_, port); }

  bool is_named(std::uint16_t port) const { return has(named_, port) && !is_debugger(port); }
  bool is_debugger(std::uint16_t port) const { return has(debuggers_, port); }

 private:
  using Ports = std::vector<std::uint16_t>;
  static constexpr std::size_t kMost = 64;  ///< of each kind; the first stay
  static bool has(const Ports& ports, std::uint16_t port);
  static void add(Ports& ports, std::uint16_t port);

  Ports named_;
  Ports debuggers_;
};

/// The variables whose words are options of a language's own program.
inline constexpr const char* kOptionVariables[] = {"NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS",
                                                   "_JAVA_OPTIONS", "JAVA_OPTS"};

}  // namespace berth::backend
