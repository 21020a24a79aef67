#include "backend/command.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "backend/backend.h"
#include "backend/keeper_link.h"
#include "config/placeholders.h"
#include "config/program_hint.h"

namespace berth::backend {
namespace {

bool misleads_servers(std::string_view name) {
  return name.starts_with("LISTEN_") || name == "NOTIFY_SOCKET" || name == "WERKZEUG_SERVER_FD" ||
         name == "WERKZEUG_RUN_MAIN" || name == "BERTH_CONTROL";
}

/// Names the places, agents and session of the user that berth runs as. Of no use to another one, and where
/// they can be reached more than is meant for it.
bool belongs_to_session(std::string_view name) {
  constexpr std::array<std::string_view, 8> kFamilies{"XDG_",          "SUDO_",         "SSH_",
                                                      "DBUS_SESSION_", "DBUS_STARTER_", "GNOME_KEYRING_",
                                                      "KDE_SESSION_",  "WAYLAND_"};
  constexpr std::array<std::string_view, 19> kNames{
      "USERNAME",        "DOAS_USER",          "PKEXEC_UID", "MAIL",       "MAILDIR",    "MAILPATH",
      "GNUPGHOME",       "GPG_AGENT_INFO",     "GPG_TTY",    "KRB5CCNAME", "XAUTHORITY", "ICEAUTHORITY",
      "SESSION_MANAGER", "AT_SPI_BUS_ADDRESS", "TMUX",       "TMUX_PANE",  "STY",        "HISTFILE",
      "OLDPWD"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::any_of(kFamilies.begin(), kFamilies.end(),
                     [&](std::string_view family) { return name.starts_with(family); });
}

/// A search path for a sentence: of a long one, how many directories it has.
std::string shortened(const std::string& path) {
  constexpr std::size_t kShown = 120;
  if (path.size() <= kShown) return path;
  return "(" + std::to_string(1 + std::count(path.begin(), path.end(), ':')) + " directories)";
}

std::string in_dir(const std::string& path, const std::string& dir) {
  return dir.empty() || path.starts_with('/') ? path : dir + "/" + path;
}

/// 0, or the errno that execve would give for a plain file.
int executable_error(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return S_ISDIR(info.st_mode) ? EISDIR : EACCES;
  return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

std::string error_words(int error) {
  switch (error) {
    case EACCES:
      return "permission denied";
    case EISDIR:
      return "is a directory";
    case ENOENT:
      return "no such file";
    case ENOTDIR:
      return "not a directory";
    case ENOEXEC:
      return "not an executable format (a script needs a first line like #!/bin/sh)";
    case E2BIG:
      return "arguments and environment are too long";
    default: {
      std::array<char, 128> buffer{};
      return ::strerror_r(error, buffer.data(), buffer.size());
    }
  }
}

}  // namespace

std::string fill_in(std::string_view text, const Endpoint& told) {
  return filled_in(text, [&](std::string_view name) {
    if (name == "port") return std::to_string(told.port);
    if (name == "host") return told.host();
    if (name == "fd") return std::to_string(kHandedOver);
    return told.path;
  });
}

bool names_port(const LaunchSpec& spec) {
  return std::any_of(spec.command.begin(), spec.command.end(),
                     [](const std::string& word) { return names_placeholder(word, "port"); }) ||
         std::any_of(spec.env.begin(), spec.env.end(),
                     [](const auto& each) { return names_placeholder(each.second, "port"); });
}

std::string whose_text(const LaunchSpec& spec) {
  return spec.app + " generation " + std::to_string(spec.generation.number);
}

std::optional<std::string> command_user(const std::string& name, KeeperCommand& command) {
  if (name.empty()) return std::nullopt;
  errno = 0;
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) return "there is no user '" + name + "' on this machine";
  command.user = name;
  command.uid = user->pw_uid;
  command.gid = user->pw_gid;
  return std::nullopt;
}

std::map<std::string, std::string> child_environment(const LaunchSpec& spec, PortMode mode,
                                                     const Endpoint& told, const char* const* inherited) {
  std::map<std::string, std::string> out;
  for (; inherited != nullptr && *inherited != nullptr; ++inherited) {
    std::string_view entry(*inherited);
    auto equals = entry.find('=');
    if (equals == std::string_view::npos || misleads_servers(entry.substr(0, equals))) continue;
    out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  out.emplace("PYTHONUNBUFFERED", "1");
  bool another = false;
  if (const passwd* user = spec.user.empty() ? nullptr : ::getpwnam(spec.user.c_str()); user != nullptr) {
    out["HOME"] = user->pw_dir;
    out["SHELL"] = user->pw_shell;
    out["USER"] = out["LOGNAME"] = spec.user;
    another = user->pw_uid != ::geteuid();
    if (another) std::erase_if(out, [](const auto& each) { return belongs_to_session(each.first); });
  }
  // As a shell that went there has it.
  if (spec.dir.starts_with('/')) {
    out["PWD"] = spec.dir;
    out.erase("OLDPWD");
  }
  for (const auto& [name, value] : spec.env) out[name] = fill_in(value, told);
  const bool placed = mode != PortMode::None && told.family != Endpoint::Family::Unix;
  // The PORT that berth itself was given is none of a worker's.
  if (mode == PortMode::None && !spec.env.contains("PORT")) out.erase("PORT");
  if (placed) out["PORT"] = std::to_string(told.port);
  if (mode == PortMode::Fd) {
    out["LISTEN_FDS"] = "1";
    out["LISTEN_FDNAMES"] = spec.app;
  }
  out["BERTH_APP"] = spec.app;
  out["BERTH_GENERATION"] = std::to_string(spec.generation.number);
  // An outer berth's says nothing of this server.
  out.erase("BERTH_BASE");
  if (!spec.base.empty()) out["BERTH_BASE"] = spec.base;
  if (!spec.control_path.empty() && !another) out["BERTH_CONTROL"] = spec.control_path;
  return out;
}

FoundCommand find_command(const std::string& name, const std::string& dir,
                          const std::map<std::string, std::string>& environment) {
  if (name.empty()) return {.program = {}, .failure = "the command is empty"};
  if (name.find('/') != std::string::npos) {
    int error = executable_error(in_dir(name, dir));
    if (error == 0) return {.program = name, .failure = {}};
    const std::string failure = exec_failure_text(name, dir, ExecStage::Exec, error);
    const std::string hint = program_hint(name, dir);
    return {.program = {}, .failure = hint.empty() ? failure : failure + "; " + hint};
  }
  auto entry = environment.find("PATH");
  std::string path = entry == environment.end() ? "/usr/local/bin:/usr/bin:/bin" : entry->second;
  bool forbidden = false;
  FoundCommand found;
  std::string_view rest = path;
  for (bool last = false; !last;) {
    auto colon = rest.find(':');
    last = colon == std::string_view::npos;
    std::string place(rest.substr(0, colon));
    if (!last) rest.remove_prefix(colon + 1);
    std::string candidate = (place.empty() ? std::string(".") : place) + "/" + name;
    int error = executable_error(in_dir(candidate, dir));
    if (error == 0 && found.program.empty())
      found.program = candidate;
    else if (error == 0)
      found.others.push_back(candidate);
    forbidden = forbidden || error == EACCES;
  }
  if (!found.program.empty()) return found;
  if (forbidden)
    return {.program = {}, .failure = name + ": found in PATH, but permission denied (" + path + ")"};
  const std::string failure = name + ": no such file in PATH " + shortened(path);
  const std::string hint = program_hint(name, dir);
  return {.program = {}, .failure = hint.empty() ? failure : failure + "; " + hint};
}

std::optional<std::string> fill_command(const LaunchSpec& spec, const std::vector<std::string>& words,
                                        const Endpoint& told,
                                        const std::map<std::string, std::string>& environment,
                                        KeeperCommand& command) {
  auto found = find_command(fill_in(words.front(), told), spec.dir, environment);
  if (found.program.empty()) return found.failure;
  command.program = std::move(found.program);
  command.others = std::move(found.others);
  command.dir = spec.dir;
  for (const auto& word : words) command.arguments.push_back(fill_in(word, told));
  for (const auto& [key, value] : environment) command.environment.push_back(key + "=" + value);
  command.descriptors = descriptor_limit_at_start();
  return std::nullopt;
}

std::string directory_failure(const std::string& dir) {
  if (dir.empty()) return {};
  struct stat info {};
  int error = ::stat(dir.c_str(), &info) != 0 ? errno : 0;
  if (error == 0 && !S_ISDIR(info.st_mode)) error = ENOTDIR;
  if (error == 0 && ::access(dir.c_str(), X_OK) != 0) error = errno;
  return error == 0 ? std::string() : exec_failure_text("", dir, ExecStage::Directory, error);
}

std::string exec_failure_text(const std::string& name, const std::string& dir, ExecStage stage, int error) {
  switch (stage) {
    case ExecStage::Directory:
      return "directory " + dir + ": " + (error == ENOENT ? "no such directory" : error_words(error));
    case ExecStage::Exec: {
      const bool searched = name.find('/') == std::string::npos;
      auto where = searched || name.starts_with('/') || dir.empty() ? "" : " (in " + dir + ")";
      return name + ": " + error_words(error) + where;
    }
    case ExecStage::Fork:
      return name + ": cannot start a process: " + error_words(error);
    case ExecStage::Group:
      return name + ": cannot make a process group: " + error_words(error);
    case ExecStage::Limits:
      return name + ": cannot set the descriptor limit: " + error_words(error);
    case ExecStage::User:
      return name + ": cannot become its user: " + error_words(error);
    case ExecStage::Streams:
      return name + ": cannot set up its output: " + error_words(error);
    case ExecStage::Protocol:
      return name +
             ": its keeper is of another version of berth than this one; stop berth and start it again";
  }
  return name;
}

}  // namespace berth::backend
