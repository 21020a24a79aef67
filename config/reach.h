// How a connection to a backend is made, so that it leads to that backend and to nobody else. The data plane
// and the checks of readiness and health connect by this alone; what it takes to prove is backend/reach.h's.
#pragma once

namespace berth {

/// Shared by all loops; any thread.
class Reach {
 public:
  Reach() = default;
  Reach(const Reach&) = delete;
  Reach& operator=(const Reach&) = delete;
  virtual ~Reach() = default;

  /// Begins to connect `fd`, a non-blocking socket of the endpoint's family. Returns 0, EINPROGRESS, or the
  /// errno of a connection that is not to be had.
  virtual int connect(int fd) = 0;

  /// Asked once `fd` is connected and before anything is sent on it. Returns 0 where the backend itself has
  /// taken the connection, EAGAIN where the next one will tell, ECONNREFUSED where somebody else has it.
  virtual int verdict(int fd) = 0;
};

}  // namespace berth
