// Another proxy that the tables are run against, for docs/conformance.md: Debian's nginx or HAProxy, started
// as an unprivileged user in a directory of its own, on a port that the OS has just given.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace berth::test {

/// What is known of a proxy before it is started.
struct PeerKind {
  std::string name;
  std::string program;
  std::string version;   ///< "1.22.1"; empty: not installed
  std::string settings;  ///< its file, with {port}, {backend} and {dir} to be replaced
};

PeerKind nginx();
PeerKind haproxy();

/// A running one. One process, which ends with this object.
class Peer {
 public:
  /// Throws std::runtime_error with its output if it does not serve.
  Peer(const PeerKind& kind, std::uint16_t backend);

  std::uint16_t port() const { return port_; }

 private:
  TempDir dir_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace berth::test
