// Any program as a child of the test: its output is collected as it comes, its end is an event with a
// deadline, and it never outlives the test. Knows nothing of berth.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace berth::test {

using Milliseconds = std::chrono::milliseconds;

struct ChildOptions {
  std::vector<std::string> command;          ///< found in PATH
  std::string dir{};                         ///< empty: the test's
  std::map<std::string, std::string> env{};  ///< added to the test's
};

/// How a process ended.
struct ExitStatus {
  bool signalled = false;
  int value = 0;  ///< exit code or signal number
  bool operator==(const ExitStatus&) const = default;
};

/// Starts in the constructor (throws std::system_error) and is killed by the destructor if it still runs.
class ChildProcess {
 public:
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  int pid() const { return pid_; }
  /// Nothing happens once it was collected.
  void signal(int number);
  /// nullopt at the deadline. Collects the process and what it has written.
  std::optional<ExitStatus> wait_exit(Milliseconds deadline);

  /// All that it has written so far, what is still in the pipe too.
  std::string out() const;
  std::string err() const;
  /// Waits for `text` on either stream; false at the deadline, or when both have ended without it.
  bool wait_output(std::string_view text, Milliseconds deadline);

 private:
  void read_output();
  bool take_output(std::size_t stream) const;

  int pid_ = -1;
  int pidfd_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  int wake_fd_ = -1;
  std::optional<ExitStatus> exit_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::string out_;  ///< as read so far
  mutable std::string err_;
  bool streams_open_ = true;
  std::thread reader_;
};

/// What a command said, and how it ended.
struct CommandResult {
  int exit_code = -1;  ///< -1: a signal ended it, or the deadline passed (see timed_out)
  bool timed_out = false;
  std::string out;
  std::string err;
  std::chrono::milliseconds took{0};
  std::string all() const { return out + err; }
};

/// Runs to the end or the deadline, at which it is killed.
CommandResult run_command(const ChildOptions& options, Milliseconds deadline = std::chrono::seconds(60));

}  // namespace berth::test
