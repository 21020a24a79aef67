// One thread of another process that does nothing for a while, as one does that is busy or not scheduled:
// held by ptrace(2), for which the process is to be a child of the test. Of one thread of the test.
#pragma once

#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace berth::test {

class ThreadPause {
 public:
  /// Returns once it stands still. Throws std::runtime_error where the kernel does not allow it.
  explicit ThreadPause(pid_t thread) : thread_(thread) {
    if (::ptrace(PTRACE_SEIZE, thread_, nullptr, nullptr) != 0)
      throw std::runtime_error("no thread may be held here (ptrace)");
    ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr);
    ::waitpid(thread_, nullptr, __WALL);
  }
  ~ThreadPause() { ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr); }
  ThreadPause(const ThreadPause&) = delete;
  ThreadPause& operator=(const ThreadPause&) = delete;

 private:
  pid_t thread_;
};

/// The threads of `pid` whose name begins so (proc(5), comm).
inline std::vector<pid_t> threads_of(pid_t pid, const std::string& name) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream file(entry.path() / "comm");
    std::string said;
    std::getline(file, said);
    if (said.starts_with(name)) found.push_back(std::stoi(entry.path().filename().string()));
  }
  return found;
}

}  // namespace berth::test
