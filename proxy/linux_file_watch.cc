#include "proxy/linux_file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "config/path_names.h"

namespace berth {
namespace {

/// An editor's several steps are one change.
constexpr std::chrono::milliseconds kSettle{100};
/// What is written again and again is read all the same.
constexpr std::chrono::milliseconds kLongest{2'000};

constexpr std::uint32_t kInDirectory =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB;
/// Written under another name, or while it is open.
constexpr std::uint32_t kOfFile = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB;

}  // namespace

std::string FileWatch::start(const std::string& path, std::function<void()> on_change) {
  path_ = path;
  on_change_ = std::move(on_change);
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return std::string("no file can be watched: ") + std::strerror(errno);
  events_.assign(fd);
  watch_path();
  if (watches_.empty()) return path + " cannot be watched: " + std::strerror(errno);
  seen_ = facts();
  wait();
  return {};
}

/// Again, once a part of the path has changed; what is watched twice stays one watch.
void FileWatch::watch_path() {
  const int fd = events_.native_handle();
  std::map<int, std::set<std::string>> now;
  for (const auto& [directory, names] : path_names(path_)) {
    const int number = ::inotify_add_watch(fd, directory.c_str(), kInDirectory | IN_ONLYDIR);
    if (number >= 0) now[number].insert(names.begin(), names.end());
  }
  const int file = ::inotify_add_watch(fd, path_.c_str(), kOfFile);
  if (file >= 0) now[file].insert("");
  for (const auto& [number, names] : watches_)
    if (!now.contains(number)) ::inotify_rm_watch(fd, number);
  watches_ = std::move(now);
}

FileWatch::Facts FileWatch::facts() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return {};
  return {now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
}

bool FileWatch::concerns_it(const char* events, std::size_t size) const {
  for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
    inotify_event event{};
    std::memcpy(&event, events + at, sizeof event);
    // The kernel fills the name up with NULs.
    const std::string name = event.len == 0 ? std::string() : std::string(events + at + sizeof event);
    at += sizeof event + event.len;
    if ((event.mask & IN_Q_OVERFLOW) != 0) return true;
    const auto watch = watches_.find(event.wd);
    if (watch != watches_.end() && watch->second.contains(name) && (event.mask & IN_IGNORED) == 0)
      return true;
  }
  return false;
}

void FileWatch::wait() {
  events_.async_wait(decltype(events_)::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    alignas(inotify_event) std::array<char, 16 * 1024> events;
    bool concerns = false;
    for (ssize_t size = 0; (size = ::read(events_.native_handle(), events.data(), events.size())) > 0;)
      concerns = concerns_it(events.data(), static_cast<std::size_t>(size)) || concerns;
    // What others write beside it is no reason to wait longer.
    if (concerns) {
      watch_path();
      settle();
    }
    wait();
  });
}

void FileWatch::settle() {
  const auto now = Clock::now();
  if (!std::exchange(unsettled_, true)) told_by_ = now + kLongest;
  settle_.expires_at(std::min(now + kSettle, told_by_));
  settle_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    unsettled_ = false;
    // A link may have moved between the look at it and the watch.
    watch_path();
    const Facts found = facts();
    // Between two steps of an editor there is none.
    if (found == Facts{} || found == seen_) return;
    seen_ = found;
    on_change_();
  });
}

}  // namespace berth
