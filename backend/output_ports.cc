#include "backend/output_ports.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

namespace berth::backend {
namespace {

constexpr std::size_t kLookedAt = 512;

// Node, Deno, Chrome, the JVM, Go's and Ruby's debuggers, debugpy.
constexpr std::array<std::string_view, 10> kDebuggerSays{
    "debugger listening",     "devtools listening",  "inspector listening", "dt_socket", "jdwp",
    "debug server listening", "debugger can attach", "debug adapter",       "debugpy",   "devtools://"};
// A port that is named together with one of these is not the one that users are meant to reach.
constexpr std::array<std::string_view, 16> kBesides{
    "metric",     "prometheus", "admin", "debugger",   "inspect",  "devtools", "health",    "hmr",
    "livereload", "profil",     "pprof", "management", "actuator", "jmx",      "telemetry", "ws://"};
constexpr std::array<std::string_view, 11> kListens{
    "listen", "serv", "running", "start", "ready", "bound", "availab", "accept", "port", "local:", "open"};

template <std::size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Lower case, and without the colours.
std::string plain(std::string_view line) {
  std::string out;
  line = line.substr(0, kLookedAt);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      i += 2;
      while (i < line.size() && (line[i] < 0x40 || line[i] > 0x7e)) ++i;
      continue;
    }
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(line[i])));
  }
  return out;
}

/// The number that begins at `at` and is a port; nullopt: it is none, or part of something else.
std::optional<std::uint16_t> port_at(std::string_view text, std::size_t at) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
  if (error != std::errc{} || value == 0) return std::nullopt;
  const auto next = static_cast<std::size_t>(end - text.data());
  // "127.0.0.1" and "3000ms" are no ports; "3000." at the end of a sentence is one.
  if (next < text.size() && (std::isalnum(static_cast<unsigned char>(text[next])) != 0)) return std::nullopt;
  if (next + 1 < text.size() && text[next] == '.' && is_digit(text[next + 1])) return std::nullopt;
  return value;
}

/// Whether a number that begins at `at` stands where a port does: "host:3000", "port 3000", "on 3000".
bool stands_for_port(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  if (before.ends_with(':')) return true;
  std::string_view word = before;
  while (!word.empty() && std::string_view(" :=#").find(word.back()) != std::string_view::npos)
    word.remove_suffix(1);
  return word.size() != before.size() &&
         (word.ends_with("port") || word.ends_with("port(s)") || word.ends_with("address") ||
          word.ends_with(" on") || word.ends_with(" at"));
}

std::vector<std::uint16_t> ports_in(std::string_view text) {
  std::vector<std::uint16_t> found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i]) || (i > 0 && is_digit(text[i - 1])) || !stands_for_port(text, i)) continue;
    if (const auto port = port_at(text, i)) found.push_back(*port);
  }
  return found;
}

bool has_url(std::string_view text) {
  return text.find("http://") != std::string_view::npos || text.find("https://") != std::string_view::npos;
}

/// The port of "--inspect=127.0.0.1:9230", "*:5005", "9222"; nullopt: none is said.
std::optional<std::uint16_t> port_of_value(std::string_view value) {
  value = value.substr(0, value.find(','));
  const auto colon = value.rfind(':');
  if (colon != std::string_view::npos) value.remove_prefix(colon + 1);
  return value.empty() || !is_digit(value.front()) ? std::nullopt : port_at(value, 0);
}

std::optional<std::uint16_t> debugger_port(std::string_view word, std::string_view next) {
  constexpr std::uint16_t kNodes = 9229;
  for (const std::string_view option : {"--inspect", "--inspect-brk", "--inspect-wait"}) {
    if (word == option) return kNodes;
    if (!word.starts_with(option) || word[option.size()] != '=') continue;
    const auto value = word.substr(option.size() + 1);
    // A host alone; 0 is told by the output.
    const bool number = value.find(':') != std::string_view::npos ||
                        (!value.empty() && is_digit(value[0]) && value.find('.') == value.npos);
    return number ? port_of_value(value) : std::optional(kNodes);
  }
  for (const std::string_view option :
       {"--inspect-port=", "--debug-port=", "--remote-debugging-port=", "--debugpy-port="}) {
    if (word.starts_with(option)) return port_of_value(word.substr(option.size()));
  }
  if (word == "--inspect-port" || word == "--debug-port" || word == "--remote-debugging-port")
    return port_of_value(next);
  const bool jdwp = word.starts_with("-agentlib:jdwp=") || word.starts_with("-Xrunjdwp:");
  const auto address = word.find("address=");
  if (jdwp && address != std::string_view::npos) return port_of_value(word.substr(address + 8));
  if (word.starts_with("-Dcom.sun.management.jmxremote.port=")) return port_of_value(word.substr(36));
  return std::nullopt;
}

}  // namespace

bool OutputPorts::has(const Ports& ports, std::uint16_t port) {
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

void OutputPorts::add(Ports& ports, std::uint16_t port) {
  if (ports.size() < kMost && !has(ports, port)) ports.push_back(port);
}

void OutputPorts::hear(std::string_view line) {
  const std::string text = plain(line);
  const bool debugger = has_any(text, kDebuggerSays);
  if (!debugger && (has_any(text, kBesides) || !(has_url(text) || has_any(text, kListens)))) return;
  for (const std::uint16_t port : ports_in(text)) add(debugger ? debuggers_ : named_, port);
}

void OutputPorts::take_words(const std::vector<std::string>& words) {
  bool debugpy = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view next = i + 1 < words.size() ? std::string_view(words[i + 1]) : std::string_view();
    if (const auto port = debugger_port(words[i], next)) add_debugger(*port);
    const bool listens = words[i] == "--listen";
    debugpy = debugpy || words[i] == "debugpy" || words[i].ends_with("/debugpy") ||
              words[i].ends_with("/dlv") || words[i] == "dlv";
    if (debugpy && listens) {
      if (const auto port = port_of_value(next)) add_debugger(*port);
    } else if (debugpy && words[i].starts_with("--listen=")) {
      if (const auto port = port_of_value(std::string_view(words[i]).substr(9))) add_debugger(*port);
    }
  }
}

}  // namespace berth::backend
