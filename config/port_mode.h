// Port modes as text, the same for the file and the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "config/config.h"

namespace berth {

/// "lease", "fd", "discover", "unix" or a number from 1 to 65535. Otherwise what is wrong.
std::optional<std::string> set_port(PortConfig& port, std::string_view text);

/// Where a server is reached: "127.0.0.1:9000", "localhost:9000", "a.localhost:9000" and "9000" (which are
/// 127.0.0.1), "unix:/run/app.sock", "http://127.0.0.1:9000/". Otherwise what is wrong. Names are not looked
/// up.
std::variant<Endpoint, std::string> parse_server_address(std::string_view text);

/// As parse_server_address(), or "attach". Otherwise what is wrong.
std::optional<std::string> set_external(AppConfig& app, std::string_view text);

/// "overlap" or "stop-start". Otherwise what is wrong.
std::optional<std::string> set_swap_order(SwapOrder& order, std::string_view text);

/// "lease"
std::string_view port_mode_text(PortMode mode);

/// What of `{fd}`, `{socket}` and `{port}` the text names chooses the mode; nullopt: none of them.
std::optional<PortMode> placeholder_mode(std::string_view text);

/// Whether a command asks for a port of the server's own choice: `--port 0`, `--port=0`.
bool asks_for_any_port(const std::vector<std::string>& command);

/// The mode of a command with these words and these added variables: what `{fd}` or `{socket}` in them asks
/// for, else as configured, else Discover where it asks for any port, else Lease.
PortMode chosen_port_mode(const PortConfig& port, const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& env);

}  // namespace berth
