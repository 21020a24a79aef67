// A unix socket that is listened on, and its file: made so that whoever finds the name finds a listener,
// never taken from a server that answers, removed at the end. Knows nothing of what is served on it.
#pragma once

#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <string>

#include "proxy/loop/fd.h"

namespace berth::loop {

/// The file of a listening unix socket. Owns the name: removes it at its end, unless another socket has taken
/// it meanwhile.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(std::string path, const struct stat& made);
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile() { remove(); }

  const std::string& path() const { return path_; }

 private:
  void remove();
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

/// What opening came to: `error` 0 and both are there, or an errno.
struct UnixListener {
  Fd fd;
  SocketFile file;
  int error = 0;
};

/// Whether somebody listens at `path`. A server there sees a connection that closes at once.
bool answers(const std::string& path);

/// Who listens at `path`: the process and its user as they were when it began to. nullopt: nobody, or a
/// process that is too busy to take connections. A server there sees a connection that closes at once.
std::optional<ucred> listener_of(const std::string& path);

/// Listens at `path`, an absolute one, with the file's permissions `mode`; non-blocking, close-on-exec. A
/// file that nobody listens on any more is replaced. EADDRINUSE: somebody does. ENOTSOCK: there is a file
/// that is no socket. ENAMETOOLONG: the name, or the temporary one beside it, does not fit a socket address.
/// Two processes that open the same path at once do so one after the other (flock(2) on its directory).
/// Others may hold that lock, too: it is waited for during `patience` at most, then EWOULDBLOCK. 0, for
/// loops: not at all.
UnixListener listen_unix(const std::string& path, mode_t mode, int backlog,
                         std::chrono::milliseconds patience = std::chrono::milliseconds(0));

/// What to say of EWOULDBLOCK.
std::string locked_text(const std::string& path);

}  // namespace berth::loop
