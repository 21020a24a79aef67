// The private directories that unix sockets of a generation lie in: made, removed, and, after a front that
// was killed, found again. Owns the form of their names; knows no backend and starts nothing.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "backend/descriptor.h"

namespace berth::backend {

/// A directory of one generation's own, removed with what lies in it. Holds a lock on it, so that another
/// berth sees that somebody lives there. Movable.
class PrivateDir {
 public:
  PrivateDir() = default;
  /// Makes it, mode 0700, within `parent`: "berth-GENERATION-PID-XXXXXX". Empty path: see errno.
  static PrivateDir make(const std::string& parent, unsigned generation);
  PrivateDir(PrivateDir&& other) noexcept
      : path_(std::exchange(other.path_, {})), opened_(std::move(other.opened_)) {}
  PrivateDir& operator=(PrivateDir&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(opened_, other.opened_);
    return *this;
  }
  ~PrivateDir();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Descriptor opened_;  ///< of the directory; says later whether the name still leads to it
};

/// Removes one directory that a killed front has left: its name has exactly the form of PrivateDir's, it is a
/// directory of `owner` with mode 0700, its front lives no more, and nothing but sockets that nobody holds
/// lies in it. Returns whether it is gone. Whatever else has a name like that stays as it is.
bool remove_stale_dir(const std::string& parent, const std::string& name, uid_t owner);

}  // namespace berth::backend
