// Whether a unix socket's file still leads to the backend that it was made for. Knows the file's directory,
// the backend's user and its tree; follows no link, so that a backend of another user cannot send berth,
// which may be root, to a socket that the backend could not open itself. Any thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "backend/reach.h"

namespace berth::backend {

class OwnPath {
 public:
  /// `path`: the socket's; only its last part is looked up, in `where`. `root`: the keeper's pid.
  /// `on_stranger` is called on the thread that asks, once for each, with what has been found instead of the
  /// backend: "is a link now, which is not followed".
  OwnPath(OwnDirectory where, const std::string& path, int root,
          std::function<void(const std::string&)> on_stranger);

  /// Connects the non-blocking unix socket `fd`: 0, or the errno. ELOOP: the file is a link. ECONNREFUSED
  /// also where somebody else listens. Some microseconds; a file that is not known yet costs a walk of the
  /// tree.
  int connect(int fd);

  /// Who listens at the file, whoever that is, found by connecting; nullopt: nobody, or the file is no
  /// socket.
  std::optional<ucred> listener() const;
  /// Whether that one runs as the backend's user: all that can be asked once the tree is empty.
  bool is_users(const ucred& peer) const { return peer.uid == where_.uid; }

 private:
  struct File {
    Descriptor handle;  ///< O_PATH
    std::uint64_t key = 0;
    int error = 0;
  };
  File open() const;
  bool is_own(const ucred& peer) const;
  bool knows(std::uint64_t key) const;
  int refuse(std::uint64_t key, int error, const std::string& what);

  const OwnDirectory where_;
  const std::string name_;
  const int root_;
  const std::function<void(const std::string&)> on_stranger_;
  std::array<std::atomic<std::uint64_t>, 16> known_{};  ///< the oldest go first
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> told_{0};
  std::atomic<int> tellings_{0};
};

}  // namespace berth::backend
