#include "backend/own_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "backend/linux_proc.h"
#include "config/socket_address.h"

namespace berth::backend {
namespace {

/// A file's number within its file system, mixed with the file system's.
std::uint64_t key_of(const struct stat& info) {
  constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;
  return info.st_ino ^ (info.st_dev * kSpread);
}

/// To the very file that `handle` is, whatever lies at its path meanwhile.
int connect_to(int fd, const Descriptor& handle) {
  const SocketAddress to =
      socket_address(Endpoint::unix_path("/proc/self/fd/" + std::to_string(handle.get())));
  return ::connect(fd, to.get(), to.size) == 0 ? 0 : errno;
}

std::optional<ucred> peer_of(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer;
}

bool is_gone(int pid) { return pid <= 0 || (::kill(pid, 0) != 0 && errno == ESRCH); }

}  // namespace

OwnPath::OwnPath(OwnDirectory where, const std::string& path, int root,
                 std::function<void(const std::string&)> on_stranger)
    : where_(std::move(where)),
      name_(path.substr(path.rfind('/') + 1)),
      root_(root),
      on_stranger_(std::move(on_stranger)) {}

OwnPath::File OwnPath::open() const {
  File file;
  file.handle.reset(::openat(where_.handle->get(), name_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!file.handle || ::fstat(file.handle.get(), &info) != 0) {
    file.error = errno;
    return file;
  }
  file.key = key_of(info);
  if (!S_ISSOCK(info.st_mode)) file.error = S_ISLNK(info.st_mode) ? ELOOP : ENOTSOCK;
  return file;
}

bool OwnPath::knows(std::uint64_t key) const {
  return std::any_of(known_.begin(), known_.end(), [key](const auto& each) { return each == key; });
}

int OwnPath::refuse(std::uint64_t key, int error, const std::string& what) {
  // Who makes ever new files is not told of without end.
  constexpr int kMostTold = 20;
  if (told_.exchange(key) != key && on_stranger_ && ++tellings_ <= kMostTold) on_stranger_(what);
  return error;
}

int OwnPath::connect(int fd) {
  const File file = open();
  if (file.error == ELOOP) return refuse(file.key, ELOOP, "is a link now, which is not followed");
  if (file.error != 0) return file.error;
  if (const int error = connect_to(fd, file.handle); error != 0) return error;
  const auto peer = peer_of(fd);
  if (!peer) return ECONNREFUSED;
  if (peer->uid == where_.uid && knows(file.key)) return 0;
  if (!is_own(*peer)) {
    return refuse(file.key, ECONNREFUSED,
                  "was taken by " + describe_process(peer->pid) + ", which runs as " + user_name(peer->uid));
  }
  known_[next_++ % known_.size()] = file.key;
  return 0;
}

bool OwnPath::is_own(const ucred& peer) const {
  const auto tree = descendants(root_, true);
  if (std::find(tree.begin(), tree.end(), peer.pid) != tree.end()) {
    if (peer.uid == where_.uid) return true;
    // What the tree runs by right as somebody else, and not a number that was somebody else's before.
    const auto facts = process_facts(peer.pid);
    return facts && facts->uid == peer.uid;
  }
  // Who called listen() may have ended, and left the socket to its children.
  return peer.uid == where_.uid && is_gone(peer.pid);
}

std::optional<ucred> OwnPath::listener() const {
  const File file = open();
  if (file.error != 0) return std::nullopt;
  const Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return std::nullopt;
  const int error = connect_to(fd.get(), file.handle);
  if (error == 0) return peer_of(fd.get());
  // A full queue is somebody's, whom nothing names but the file.
  struct stat info {};
  if (error != EAGAIN || ::fstat(file.handle.get(), &info) != 0) return std::nullopt;
  return ucred{.pid = 0, .uid = info.st_uid, .gid = info.st_gid};
}

}  // namespace berth::backend
