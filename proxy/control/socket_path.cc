#include "proxy/control/socket_path.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "config/path_names.h"

namespace berth::control {
namespace {

constexpr std::string_view kSuffix = ".sock";
constexpr mode_t kMode = 0600;
constexpr int kBacklog = 64;
constexpr std::chrono::milliseconds kLockPatience{2'000};  ///< another berth needs it for a moment only

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

/// In a user namespace those of outside have no number: root of outside among them.
bool is_unmapped(uid_t user) {
  std::ifstream overflow("/proc/sys/kernel/overflowuid");
  uid_t outside = 0;
  if (!(overflow >> outside) || outside != user) return false;
  std::ifstream map("/proc/self/uid_map");
  for (std::uint64_t inside = 0, from = 0, count = 0; map >> inside >> from >> count;)
    if (user >= inside && user - inside < count) return false;
  return true;
}

/// What is wrong with one directory.
std::string wrong_with(const std::string& directory, unsigned uid) {
  struct stat facts {};
  if (::lstat(directory.c_str(), &facts) != 0) return {};
  if (facts.st_uid != uid && facts.st_uid != 0 && !is_unmapped(facts.st_uid))
    return directory + " belongs to user " + std::to_string(facts.st_uid) +
           ", who could put a socket of theirs in its place";
  const bool writable = !S_ISLNK(facts.st_mode) && (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0;
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
    case EWOULDBLOCK:
      return "the control socket " + shown + " cannot be made: " + loop::locked_text(path);
    case ENOTSOCK:
      return shown + " is there and is no socket";
    case ENAMETOOLONG:
      return "the path of the control socket is longer than " + std::to_string(kLongestSocketPath) +
             " bytes: " + (shown.starts_with(path) ? shown : path);
    default:
      return "the control socket " + shown + ": " + std::strerror(error);
  }
}

}  // namespace

Surroundings Surroundings::of_process() {
  auto runtime = variable("XDG_RUNTIME_DIR");
  struct stat facts {};
  // After `su` or in a container it is often another user's, or not there.
  const bool ours = runtime && ::stat(runtime->c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) &&
                    facts.st_uid == ::geteuid();
  Surroundings found{variable("BERTH_CONTROL"), ours ? runtime : std::nullopt, "/tmp", ::geteuid()};
  found.proc = "/proc";
  return found;
}

bool is_private_to(const std::string& directory, unsigned uid) {
  struct stat facts {};
  return ::lstat(directory.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == uid &&
         (facts.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::string open_to_others(const std::string& directory, unsigned uid) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) return {};  // the bind will say it
  // Links on the way are as good as the directories that they lie in, those that other links lead to among
  // them.
  for (const auto& [walked, names] : path_names(directory)) {
    if (std::string wrong = wrong_with(walked, uid); !wrong.empty()) return wrong;
    for (const std::string& name : names) {
      const std::string step = (std::filesystem::path(walked) / name).string();
      if (std::string wrong = wrong_with(step, uid); !wrong.empty()) return wrong;
    }
  }
  return {};
}

std::string socket_file_name(std::string_view listen) {
  std::string name(listen);
  std::replace(name.begin(), name.end(), '/', '_');
  return name + std::string(kSuffix);
}

bool is_socket_file_name(std::string_view name) { return name.ends_with(kSuffix) && !name.starts_with('.'); }

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
  if (std::string wrong = open_to_others(directory, surroundings.uid); !wrong.empty())
    return "the control socket " + shown + ": " + wrong + std::string(kElsewhere);
  loop::UnixListener made = loop::listen_unix(path, kMode, kBacklog, kLockPatience);
  if (made.error == 0) return ControlSocket(std::move(made));
  return trouble(path, shown, made.error) + std::string(kElsewhere);
}

bool ControlSocket::renew(std::string& trouble) {
  struct stat there {};
  const std::string path = this->path();
  if (::lstat(path.c_str(), &there) == 0 || errno != ENOENT) return false;
  loop::UnixListener again = loop::listen_unix(path, kMode, kBacklog);
  if (again.error == EWOULDBLOCK) trouble = loop::locked_text(path);
  if (again.error != 0) return false;
  // The old socket, still open, keeps its inode: the new file is not taken for the old one and removed.
  socket_ = std::move(again);
  return true;
}

}  // namespace berth::control
