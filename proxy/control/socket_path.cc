#include "proxy/control/socket_path.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace berth::control {
namespace {

constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::string_view kSuffix = ".sock";
constexpr mode_t kMode = 0600;
constexpr int kBacklog = 64;

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

constexpr std::string_view kElsewhere = ": --control PATH says another place";

std::string system_error(const std::string& what) { return what + ": " + std::strerror(errno); }

// Makes `path` a directory that only this user may use, or says why it is not one.
std::string private_directory(const std::string& path, unsigned uid) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_error(path);
  // Opened first and asked afterwards, so that nobody swaps it for a link in between.
  int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return system_error(path + " is not a directory of ours");
  struct stat facts {};
  bool known = ::fstat(fd, &facts) == 0;
  ::close(fd);
  if (!known) return system_error(path);
  if (facts.st_uid != uid) return path + " belongs to user " + std::to_string(facts.st_uid) + ", not to you";
  if ((facts.st_mode & 0077) != 0) return path + " is open to other users (chmod 700 " + path + " mends it)";
  return {};
}

/// Whether nobody but `uid` could have put a socket there.
bool trusted(const std::string& directory, unsigned uid) {
  struct stat facts {};
  return ::lstat(directory.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == uid &&
         (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// What is wrong with the directory of a path that was given.
std::string open_to_others(const std::string& directory) {
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0) return {};  // the bind will say it
  const bool writable = (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!writable || (facts.st_mode & S_ISVTX) != 0) return {};
  return "other users may write to " + directory + ", and so put a socket of theirs in its place";
}

std::string make_directories(const Surroundings& surroundings) {
  if (!surroundings.xdg_runtime_dir) {
    std::string outer = surroundings.tmp + "/berth-" + std::to_string(surroundings.uid);
    if (std::string wrong = private_directory(outer, surroundings.uid); !wrong.empty()) return wrong;
  }
  return private_directory(socket_directories(surroundings).front(), surroundings.uid);
}

/// Why there is no socket at `path`.
std::string trouble(const std::string& path, const std::string& shown, int error) {
  switch (error) {
    case EADDRINUSE:
      return "a berth already answers on " + shown + " (`berth stop` ends it)";
    case ENOTSOCK:
      return shown + " is there and is no socket";
    case ENAMETOOLONG:
      return "the path of the control socket is longer than " + std::to_string(kLongestPath) +
             " bytes: " + (shown.starts_with(path) ? shown : path);
    default:
      return "the control socket " + shown + ": " + std::strerror(error);
  }
}

bool contains(const std::string& outer, const std::string& inner) {
  if (outer.empty()) return false;
  if (outer == inner || outer == "/") return true;
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

std::vector<std::string> sockets_in(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(kSuffix) && !name.starts_with(".")) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Surroundings Surroundings::of_process() {
  auto runtime = variable("XDG_RUNTIME_DIR");
  struct stat facts {};
  // After `su` or in a container it is often another user's, or not there.
  const bool ours = runtime && ::stat(runtime->c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) &&
                    facts.st_uid == ::geteuid();
  return {variable("BERTH_CONTROL"), ours ? runtime : std::nullopt, "/tmp", ::geteuid()};
}

std::string socket_file_name(std::string_view listen) {
  std::string name(listen);
  std::replace(name.begin(), name.end(), '/', '_');
  return name + std::string(kSuffix);
}

std::vector<std::string> socket_directories(const Surroundings& surroundings) {
  std::vector<std::string> directories;
  if (surroundings.xdg_runtime_dir) directories.push_back(*surroundings.xdg_runtime_dir + "/berth");
  directories.push_back(surroundings.tmp + "/berth-" + std::to_string(surroundings.uid) + "/berth");
  return directories;
}

std::variant<ControlSocket, std::string> ControlSocket::make(const std::string& explicit_path,
                                                             std::string_view listen,
                                                             const Surroundings& surroundings) {
  std::string path = explicit_path;
  const bool given = !path.empty();
  if (!given) {
    if (std::string wrong = make_directories(surroundings); !wrong.empty())
      return wrong + std::string(kElsewhere);
    path = socket_directories(surroundings).front() + "/" + socket_file_name(listen);
  }
  const std::string shown = path;
  std::error_code ignored;
  path = std::filesystem::absolute(path, ignored).lexically_normal().string();
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (std::string wrong = given ? open_to_others(directory) : ""; !wrong.empty())
    return "the control socket " + shown + ": " + wrong + std::string(kElsewhere);
  loop::UnixListener made = loop::listen_unix(path, kMode, kBacklog);
  if (made.error == 0) return ControlSocket(std::move(made));
  return trouble(path, shown, made.error) + std::string(kElsewhere);
}

bool ControlSocket::renew() {
  struct stat there {};
  const std::string path = this->path();
  if (::lstat(path.c_str(), &there) == 0 || errno != ENOENT) return false;
  loop::UnixListener again = loop::listen_unix(path, kMode, kBacklog);
  if (again.error != 0) return false;
  // The old socket, still open, keeps its inode: the new file is not taken for the old one and removed.
  socket_ = std::move(again);
  return true;
}

Found choose(const std::vector<Candidate>& live, const std::string& working_dir) {
  if (live.empty()) {
    return {{},
            "no berth is running here\n    start one: berth run -- COMMAND; or name its socket: "
            "--control PATH",
            3};
  }
  if (live.size() == 1) return {live.front().path, {}, 0};
  const Candidate* best = nullptr;
  bool tie = false;
  for (const Candidate& candidate : live) {
    if (!contains(candidate.dir, working_dir)) continue;
    tie = best != nullptr && best->dir.size() == candidate.dir.size();
    if (best == nullptr || candidate.dir.size() >= best->dir.size()) best = &candidate;
  }
  if (best != nullptr && !tie) return {best->path, {}, 0};
  std::string list = "several berths are running, and this directory does not tell which one is meant";
  for (const Candidate& candidate : live) {
    list += "\n    --control " + candidate.path + "    " + candidate.apps + ", in " + candidate.dir;
  }
  return {{}, std::move(list), 2};
}

Found find_control(const std::optional<std::string>& explicit_path, const std::string& working_dir,
                   const Surroundings& surroundings, const AskWho& ask) {
  std::string named = explicit_path.value_or(surroundings.berth_control.value_or(""));
  if (!named.empty()) {
    if (named.size() > kLongestPath) return {{}, "no socket has so long a path: " + named, 2};
    if (loop::answers(named)) return {named, {}, 0};
    const std::string from = explicit_path ? "" : " (from $BERTH_CONTROL)";
    return {{},
            "no berth answers on " + named + from + "\n    start one there: berth run --control " + named +
                " -- COMMAND",
            3};
  }
  std::vector<std::string> paths;
  for (const std::string& directory : socket_directories(surroundings)) {
    const std::string outer = std::filesystem::path(directory).parent_path().string();
    if (!trusted(directory, surroundings.uid) || !trusted(outer, surroundings.uid)) continue;
    for (std::string& path : sockets_in(directory)) {
      if (loop::answers(path)) paths.push_back(std::move(path));
    }
  }
  // The usual case needs no question: one berth, one socket.
  if (paths.size() == 1) return {paths.front(), {}, 0};
  std::vector<Candidate> live;
  for (const std::string& path : paths) {
    if (auto candidate = ask(path)) live.push_back(*candidate);
  }
  return choose(live, working_dir);
}

}  // namespace berth::control
