#include "config/read_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace berth {
namespace {

using Clock = std::chrono::steady_clock;

std::string error_text(int error) {
  if (error == EISDIR) return "it is a directory";
  if (error == ENXIO) return "it is a socket";
  return std::generic_category().message(error);
}

/// Whether there is something to read, or the end, before `deadline`.
bool comes(int fd, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now());
    pollfd wanted{fd, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

std::string size_text(std::size_t bytes) { return std::to_string(bytes / 1024) + " KiB"; }

}  // namespace

FileText read_file(const std::string& path, std::size_t most, Milliseconds patience) {
  // A FIFO without a writer would hold up who opens it for reading.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return {{}, error_text(errno)};
  const auto deadline = Clock::now() + patience;
  FileText read;
  std::array<char, 16 * 1024> piece;
  for (;;) {
    const ssize_t size = ::read(fd, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN && comes(fd, deadline)) continue;
    if (size < 0) read.fault = errno == EAGAIN ? "its end does not come" : error_text(errno);
    if (size <= 0) break;
    read.text.append(piece.data(), static_cast<std::size_t>(size));
    if (read.text.size() <= most) continue;
    read.fault = "it is larger than " + size_text(most);
    break;
  }
  ::close(fd);
  if (!read.fault.empty()) read.text.clear();
  return read;
}

std::string without_mark(std::string text) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

}  // namespace berth
