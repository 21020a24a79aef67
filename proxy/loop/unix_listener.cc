#include "proxy/loop/unix_listener.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <thread>
#include <utility>

#include "config/socket_address.h"

namespace berth::loop {
namespace {

Fd unix_socket() { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

SocketAddress address_of(const std::string& path) { return socket_address(Endpoint::unix_path(path)); }

UnixListener failed(int error) { return {.fd = {}, .file = {}, .error = error}; }

/// Of a file that nobody else has made: what has that name already is not removed, and the bind fails.
std::string temporary_name(const std::string& directory) {
  std::array<unsigned char, 4> random{};
  if (::getentropy(random.data(), random.size()) != 0) random.fill(0);
  std::string name = directory + ".berth-" + std::to_string(::getpid()) + "-";
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const unsigned char byte : random) (name += kHex[byte >> 4]) += kHex[byte & 15];
  return name;
}

/// False: see errno; EWOULDBLOCK, if somebody else has held it all the time.
bool take_lock(int fd, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause{10};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

}  // namespace

SocketFile::SocketFile(std::string path, const struct stat& made)
    : path_(std::move(path)), device_(made.st_dev), inode_(made.st_ino) {}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

void SocketFile::remove() {
  struct stat there {};
  if (path_.empty() || ::lstat(path_.c_str(), &there) != 0) return;
  if (there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
}

bool answers(const std::string& path) {
  const Fd fd = unix_socket();
  const SocketAddress address = address_of(path);
  // EAGAIN: its queue is full, so somebody owns it.
  return fd.is_open() && (::connect(fd.get(), address.get(), address.size) == 0 || errno == EAGAIN);
}

std::optional<ucred> listener_of(const std::string& path) {
  const Fd fd = unix_socket();
  const SocketAddress address = address_of(path);
  if (!fd.is_open() || ::connect(fd.get(), address.get(), address.size) != 0) return std::nullopt;
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
  return peer;
}

std::string locked_text(const std::string& path) {
  return "another process holds a lock (flock) on " + directory_of(path) + ": end it (fuser -v " +
         directory_of(path) + " names it), or choose a directory that is yours alone";
}

UnixListener listen_unix(const std::string& path, mode_t mode, int backlog,
                         std::chrono::milliseconds patience) {
  const std::string directory = directory_of(path);
  const std::string temporary = temporary_name(directory);
  if (address_of(path).size == 0 || address_of(temporary).size == 0) return failed(ENAMETOOLONG);
  const Fd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.is_open() || !take_lock(lock.get(), patience)) return failed(errno);
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return failed(ENOTSOCK);
    if (answers(path)) return failed(EADDRINUSE);
  }
  Fd fd = unix_socket();
  if (!fd.is_open()) return failed(errno);
  // Before bind: the file is made with this mode (and the umask), so nobody else can connect at any moment.
  ::fchmod(fd.get(), mode);
  const SocketAddress address = address_of(temporary);
  if (::bind(fd.get(), address.get(), address.size) != 0) return failed(errno);
  struct stat made {};
  const bool done = ::listen(fd.get(), backlog) == 0 && ::chmod(temporary.c_str(), mode) == 0 &&
                    ::stat(temporary.c_str(), &made) == 0 && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (done) return {.fd = std::move(fd), .file = SocketFile(path, made), .error = 0};
  const int error = errno;
  ::unlink(temporary.c_str());
  return failed(error);
}

}  // namespace berth::loop
