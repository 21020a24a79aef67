#include "backend/private_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "config/dir_names.h"

namespace berth::backend {
namespace {

constexpr std::string_view kLead = "berth-";
constexpr std::size_t kRandom = 6;  ///< what mkdtemp(3) puts in place of the X
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A number as berth writes it: digits alone, no zero in front.
template <class Number>
bool take_number(std::string_view& text, Number& into) {
  if (text.empty() || text.front() < '1' || text.front() > '9') return false;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return true;
}

bool take_dash(std::string_view& text) {
  if (!text.starts_with('-')) return false;
  text.remove_prefix(1);
  return true;
}

/// The front that a name speaks of; nullopt: it is none of berth's names.
std::optional<pid_t> front_of(std::string_view name) {
  if (!name.starts_with(kLead)) return std::nullopt;
  name.remove_prefix(kLead.size());
  unsigned generation = 0;
  pid_t pid = 0;
  if (!take_number(name, generation) || !take_dash(name)) return std::nullopt;
  if (!take_number(name, pid) || !take_dash(name)) return std::nullopt;
  const bool random = name.size() == kRandom && name.find_first_not_of(kLetters) == std::string_view::npos;
  return random ? std::optional(pid) : std::nullopt;
}

bool lives(pid_t pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

Descriptor open_dir(const std::string& path) {
  return Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// The name still leads to what is open.
bool leads_to(const std::string& path, int fd) {
  struct stat named {};
  struct stat opened {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(fd, &opened) == 0 && same_file(named, opened);
}

/// The names in an open directory; nullopt: it holds something that is no socket, or cannot be read.
std::optional<std::vector<std::string>> sockets_alone(int fd) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(
      ::fdopendir(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), &::closedir);
  if (!listing) return std::nullopt;
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat facts {};
    if (::fstatat(fd, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISSOCK(facts.st_mode))
      return std::nullopt;
    names.push_back(name);
  }
  return names;
}

/// Whether some process has that socket open, whoever it is and wherever it lives. One that listens sees a
/// connection that ends at once.
bool has_holder(int directory, const std::string& name) {
  const Descriptor asker(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // By the open directory, whatever its name leads to, and however long it is.
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/" + name;
  if (!asker || path.size() >= sizeof address.sun_path) return true;  // nobody knows
  path.copy(address.sun_path, path.size());
  if (::connect(asker.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  return errno != ECONNREFUSED;
}

void remove_stale_of(const std::string& parent, const std::vector<std::string>& names,
                     const std::optional<uid_t>& owner) {
  for (const std::string& name : names) {
    struct stat facts {};
    if (!front_of(name) || ::lstat((parent + "/" + name).c_str(), &facts) != 0) continue;
    remove_stale_dir(parent, name, owner.value_or(facts.st_uid));
  }
}

}  // namespace

PrivateDir PrivateDir::make(const std::string& parent, unsigned generation) {
  PrivateDir dir;
  std::string pattern = parent + "/" + std::string(kLead) + std::to_string(generation) + "-" +
                        std::to_string(::getpid()) + "-" + std::string(kRandom, 'X');
  if (::mkdtemp(pattern.data()) == nullptr) return dir;
  dir.path_ = pattern;
  dir.opened_ = open_dir(pattern);
  // Processes of other pid namespaces see the lock, and not the pid.
  if (dir.opened_) static_cast<void>(::flock(dir.opened_.get(), LOCK_SH | LOCK_NB));
  return dir;
}

PrivateDir::~PrivateDir() {
  // Its user may have moved it away, and put another in its place.
  if (path_.empty() || !opened_ || !leads_to(path_, opened_.get())) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

bool remove_stale_dir(const std::string& parent, const std::string& name, uid_t owner) {
  const auto front = front_of(name);
  if (!front || lives(*front)) return false;
  const std::string path = parent + "/" + name;
  const Descriptor opened = open_dir(path);
  struct stat facts {};
  if (!opened || ::fstat(opened.get(), &facts) != 0) return false;
  if (facts.st_uid != owner || (facts.st_mode & 07777) != 0700) return false;
  if (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) return false;
  const auto names = sockets_alone(opened.get());
  if (!names) return false;
  const int directory = opened.get();
  if (std::any_of(names->begin(), names->end(),
                  [&](const auto& each) { return has_holder(directory, each); }))
    return false;
  for (const std::string& socket : *names) static_cast<void>(::unlinkat(opened.get(), socket.c_str(), 0));
  // rmdir(2) takes an empty directory alone, and no link.
  return leads_to(path, opened.get()) && ::rmdir(path.c_str()) == 0;
}

void remove_stale_dirs(const std::string& runtime_dir) {
  const uid_t self = ::geteuid();
  remove_stale_of(runtime_dir, names_in(runtime_dir), self);
  // There lie those that were given to another user; only root gives.
  const std::string shared = "/tmp";
  if (self == 0 && runtime_dir != shared) remove_stale_of(shared, names_in(shared), std::nullopt);
}

}  // namespace berth::backend
