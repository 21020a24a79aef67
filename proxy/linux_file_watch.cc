#include "proxy/linux_file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace berth {
namespace {

/// An editor's several steps are one change.
constexpr std::chrono::milliseconds kSettle{100};

}  // namespace

std::string FileWatch::start(const std::string& path, std::function<void()> on_change) {
  path_ = path;
  on_change_ = std::move(on_change);
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return std::string("no file can be watched: ") + std::strerror(errno);
  events_.assign(fd);
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  constexpr std::uint32_t kWhat =
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB;
  if (::inotify_add_watch(fd, directory.c_str(), kWhat) < 0)
    return directory + " cannot be watched: " + std::strerror(errno);
  seen_ = facts();
  wait();
  return {};
}

FileWatch::Facts FileWatch::facts() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return {};
  return {now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
}

void FileWatch::wait() {
  events_.async_wait(decltype(events_)::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    // Which file it was is not asked: the file itself tells whether it differs.
    std::array<char, 4096> thrown_away;
    while (::read(events_.native_handle(), thrown_away.data(), thrown_away.size()) > 0) {
    }
    settle();
    wait();
  });
}

void FileWatch::settle() {
  settle_.expires_after(kSettle);
  settle_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    const Facts now = facts();
    // Between two steps of an editor there is none.
    if (now == Facts{} || now == seen_) return;
    seen_ = now;
    on_change_();
  });
}

}  // namespace berth
