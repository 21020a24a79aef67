#include "config/port_mode.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "config/loopback_name.h"
#include "config/placeholders.h"

namespace berth {
namespace {

constexpr std::array<std::pair<std::string_view, PortMode>, 6> kModes{{{"lease", PortMode::Lease},
                                                                       {"fd", PortMode::Fd},
                                                                       {"discover", PortMode::Discover},
                                                                       {"unix", PortMode::Unix},
                                                                       {"fixed", PortMode::Fixed},
                                                                       {"external", PortMode::External}}};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

std::optional<std::string> set_port(PortConfig& port, std::string_view text) {
  for (PortMode mode : {PortMode::Lease, PortMode::Fd, PortMode::Discover, PortMode::Unix}) {
    if (port_mode_text(mode) != text) continue;
    port.mode = mode;
    return std::nullopt;
  }
  unsigned number = 0;
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end)
    return quoted(text) + " is not a port; write lease, fd, discover, unix or a number";
  if (number == 0) return "port 0 is the OS's choice; write lease, or discover if the server takes it";
  if (number > 65535) return quoted(text) + " is not a port; write a number from 1 to 65535";
  port.mode = PortMode::Fixed;
  port.number = static_cast<std::uint16_t>(number);
  return std::nullopt;
}

std::variant<Endpoint, std::string> parse_server_address(std::string_view text) {
  constexpr std::string_view kHttp = "http://";
  if (text.starts_with("https://"))
    return quoted(text) + ": berth speaks to a server without TLS; write HOST:PORT";
  if (text.starts_with(kHttp)) {
    const std::string_view place = text.substr(kHttp.size());
    const std::size_t slash = std::min(place.find('/'), place.size());
    if (place.size() > slash + 1)
      return quoted(text) + " is a page, not a server; write " + std::string(place.substr(0, slash));
    text = place.substr(0, slash);
  }
  std::string address(text);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (digits) address = "127.0.0.1:" + address;
  const auto colon = std::min(address.rfind(':'), address.size());
  if (is_loopback_name(text.substr(0, colon))) address = "127.0.0.1" + address.substr(colon);
  auto endpoint = Endpoint::parse(address);
  if (!endpoint)
    return quoted(text) + " is not an address; write HOST:PORT with an IP or localhost, PORT or unix:/path";
  if (endpoint->family == Endpoint::Family::Unix) {
    if (!endpoint->path.starts_with('/')) return quoted(text) + ": the path of a socket begins with /";
    return *endpoint;
  }
  if (endpoint->port == 0) return quoted(text) + ": a server that runs has a port; 0 is none";
  if (endpoint->is_wildcard())
    return quoted(text) +
           " is where a server listens, not where it is reached; write 127.0.0.1 or its address";
  return *endpoint;
}

std::optional<std::string> set_external(AppConfig& app, std::string_view text) {
  app.port.mode = PortMode::External;
  if (text == "attach") {
    app.attached_later = true;
    return std::nullopt;
  }
  auto parsed = parse_server_address(text);
  if (auto* wrong = std::get_if<std::string>(&parsed)) return *wrong;
  app.external = std::get<Endpoint>(std::move(parsed));
  return std::nullopt;
}

std::optional<std::string> set_swap_order(SwapOrder& order, std::string_view text) {
  if (text == "overlap") {
    order = SwapOrder::Overlap;
  } else if (text == "stop-start") {
    order = SwapOrder::StopStart;
  } else {
    return quoted(text) + " is not a way to swap; write overlap or stop-start";
  }
  return std::nullopt;
}

std::string_view port_mode_text(PortMode mode) {
  for (const auto& [text, each] : kModes)
    if (each == mode) return text;
  return mode == PortMode::None ? "no port" : "";
}

std::optional<PortMode> placeholder_mode(std::string_view text) {
  if (names_placeholder(text, "fd")) return PortMode::Fd;
  if (names_placeholder(text, "socket")) return PortMode::Unix;
  if (names_placeholder(text, "port")) return PortMode::Lease;
  return std::nullopt;
}

bool asks_for_any_port(const std::vector<std::string>& command) {
  for (std::size_t i = 0; i < command.size(); ++i) {
    if (command[i] == "--port=0") return true;
    if (command[i] == "--port" && i + 1 < command.size() && command[i + 1] == "0") return true;
  }
  return false;
}

PortMode chosen_port_mode(const PortConfig& port, const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& env) {
  std::optional<PortMode> named;
  const auto look = [&](std::string_view text) {
    const auto mode = placeholder_mode(text);
    if (mode && (!named || named == PortMode::Lease)) named = mode;
  };
  for (const std::string& word : command) look(word);
  for (const auto& [name, value] : env) look(value);
  if (named == PortMode::Fd || named == PortMode::Unix) return *named;
  if (port.mode && port.mode != PortMode::Unix) return *port.mode;
  return !named && asks_for_any_port(command) ? PortMode::Discover : PortMode::Lease;
}

}  // namespace berth
