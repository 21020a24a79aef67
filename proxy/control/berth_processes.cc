#include "proxy/control/berth_processes.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "config/command_line.h"
#include "config/dir_names.h"

namespace berth::control {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostRead = 256 * 1024;  ///< bytes of a command line or an environment
constexpr std::size_t kMostOfUser = 64;        ///< berths of one other user that root looks at
constexpr std::size_t kMostNames = 256;        ///< sockets of one directory that are tried for one process
constexpr std::string_view kControl = "--control";
constexpr std::string_view kRuntimeDir = "XDG_RUNTIME_DIR=";

/// The strings of a file that NULs end.
std::vector<std::string> strings_of(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMostRead, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  std::vector<std::string> strings;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    strings.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return strings;
}

std::optional<int> pid_of(const std::string& name) {
  int pid = 0;
  const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool whole = error == std::errc{} && stop == name.data() + name.size() && pid > 0;
  return whole ? std::optional(pid) : std::nullopt;
}

/// The effective one. The owner of the directory in /proc is another one's where a program has capabilities.
std::optional<unsigned> user_of(const std::string& process) {
  std::ifstream status(process + "/status");
  for (std::string word; status >> word;) {
    unsigned real = 0;
    unsigned effective = 0;
    if (word == "Uid:" && status >> real >> effective) return effective;
  }
  return std::nullopt;
}

/// Reading a command line takes longer than seeing that it is none of a berth.
bool may_be_berth(const std::vector<std::string>& words) {
  if (words.size() < 2) return false;
  const std::string program = fs::path(words.front()).filename().string();
  return program.starts_with("berth") ||
         std::any_of(words.begin() + 1, std::find(words.begin(), words.end(), "--"),
                     [](const std::string& word) { return word.starts_with(kControl); });
}

/// What a `berth run` or `berth exec` was told; nullopt: it is another program or verb. The string is empty
/// where no --control was given.
std::optional<std::string> told_control(const std::vector<std::string>& words) {
  if (!may_be_berth(words)) return std::nullopt;
  const Verb verb = parse_command_line({words.begin() + 1, words.end()});
  if (const auto* run = std::get_if<RunVerb>(&verb)) return run->control.value_or("");
  if (const auto* exec = std::get_if<ExecVerb>(&verb)) return exec->run.control.value_or("");
  return std::nullopt;
}

std::string absolute_path(const std::string& process, const std::string& path) {
  if (path.starts_with('/')) return fs::path(path).lexically_normal().string();
  std::error_code unreadable;
  const fs::path dir = fs::read_symlink(process + "/cwd", unreadable);
  return unreadable ? std::string() : (dir / path).lexically_normal().string();
}

/// Where a berth without --control has made its socket.
std::vector<std::string> usual_paths(const std::string& process, Surroundings its) {
  its.xdg_runtime_dir.reset();
  for (const std::string& variable : strings_of(process + "/environ"))
    if (variable.starts_with(kRuntimeDir)) its.xdg_runtime_dir = variable.substr(kRuntimeDir.size());
  std::vector<std::string> paths;
  for (const std::string& directory : socket_directories(its))
    for (const std::string& name : names_in(directory))
      if (is_socket_file_name(name) && paths.size() < kMostNames) paths.push_back(directory + "/" + name);
  return paths;
}

void add_sockets_of(const std::string& process, int pid, unsigned uid, const Surroundings& surroundings,
                    std::vector<LiveSocket>& found) {
  const auto told = told_control(strings_of(process + "/cmdline"));
  if (!told) return;
  Surroundings its = surroundings;
  its.uid = uid;
  const std::vector<std::string> paths =
      told->empty() ? usual_paths(process, its) : std::vector{absolute_path(process, *told)};
  for (const std::string& path : paths) {
    const auto listener = loop::listener_of(path);
    if (listener && listener->pid == pid && listener->uid == uid) found.push_back({path, uid});
  }
}

}  // namespace

std::vector<LiveSocket> sockets_of_processes(const Surroundings& surroundings) {
  std::vector<LiveSocket> found;
  std::map<unsigned, std::size_t> seen;
  if (surroundings.proc.empty()) return found;
  for (const std::string& name : names_in(surroundings.proc)) {
    const auto pid = pid_of(name);
    if (!pid) continue;
    const std::string process = surroundings.proc + "/" + name;
    const auto uid = user_of(process);
    if (!uid || (*uid != surroundings.uid && surroundings.uid != 0)) continue;
    if (*uid != surroundings.uid && seen[*uid] == kMostOfUser) continue;
    const std::size_t before = found.size();
    add_sockets_of(process, *pid, *uid, surroundings, found);
    seen[*uid] += found.size() - before;
  }
  return found;
}

}  // namespace berth::control
