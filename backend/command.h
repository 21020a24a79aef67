// What exactly is executed: placeholders, the environment, the search in PATH, and the words for a command
// that cannot be executed. Reads the file system, starts nothing.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backend/keeper_protocol.h"
#include "config/config.h"

namespace berth::backend {

struct LaunchSpec;

/// `{port}`, `{host}`, `{fd}` and `{socket}` replaced, as placeholders.h says.
std::string fill_in(std::string_view text, const Endpoint& told);

/// Whether `{port}` occurs in the command or the added environment: then the command was told where to
/// listen.
bool names_port(const LaunchSpec& spec);

/// What the command inherits, plus spec.env and berth's own variables. With another user than berth's own:
/// nothing of this user's session, and no BERTH_CONTROL. LISTEN_PID is the keeper's to add, which alone knows
/// it.
std::map<std::string, std::string> child_environment(const LaunchSpec& spec, PortMode mode,
                                                     const Endpoint& told, const char* const* inherited);

/// "web generation 3"
std::string whose_text(const LaunchSpec& spec);

/// Fills in whose the command is to be; otherwise why that cannot be. Empty name: berth's own user.
std::optional<std::string> command_user(const std::string& name, KeeperCommand& command);

struct FoundCommand {
  std::string program;                ///< a path for execve; empty: see `failure`
  std::vector<std::string> others{};  ///< of the same name, further on in PATH
  std::string failure;                ///< "uvicorn: no such file in PATH /usr/bin:/bin"
};

/// As execvp(3) searches, with the child's own PATH and directory, but with the eyes of berth's own user.
FoundCommand find_command(const std::string& name, const std::string& dir,
                          const std::map<std::string, std::string>& environment);

/// The rest of what a keeper needs to run `words` as the backend's own command is run: found in PATH, filled
/// in, in its directory. Otherwise why that cannot be.
std::optional<std::string> fill_command(const LaunchSpec& spec, const std::vector<std::string>& words,
                                        const Endpoint& told,
                                        const std::map<std::string, std::string>& environment,
                                        KeeperCommand& command);

/// Why `dir` cannot be used, or empty.
std::string directory_failure(const std::string& dir);

/// One sentence about a failed start.
std::string exec_failure_text(const std::string& name, const std::string& dir, ExecStage stage, int error);

}  // namespace berth::backend
