// The command of `berth exec`: it runs in the foreground while a server is there for it, with berth's own
// streams, and its end is berth's. Control loop.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace berth {

/// What is asked for with `berth exec`.
struct GuestWish {
  std::vector<std::string> command;
  bool direct = false;  ///< it is told the backend's own address, not the front's
};

/// Its variables: BERTH_URL, BERTH_PORT and the like.
using GuestVariables = std::vector<std::pair<std::string, std::string>>;

class Guest {
 public:
  /// Codes of `berth exec` itself, as of env(1) and timeout(1).
  static constexpr int kBerthFailed = 125;
  static constexpr int kCannotRun = 126;
  static constexpr int kNotFound = 127;

  /// Starts it; it is killed with berth. 0, or the errno of the attempt.
  int start(const std::vector<std::string>& command, const GuestVariables& variables);

  /// Passes a signal on that it has not got from the terminal itself, if it runs.
  void signal(int number) const;

  bool runs() const { return pid_ > 0; }
  /// A child has ended: true if it was the guest, whose code is exit_code() then.
  bool ended(int pid, int status);
  int exit_code() const { return exit_code_; }

 private:
  int pid_ = 0;
  int exit_code_ = kBerthFailed;
};

/// The exit code for a command that cannot be started.
int guest_exit_code(int error);

}  // namespace berth
