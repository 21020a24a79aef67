#include "proxy/guest.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "config/exec_words.h"

namespace berth {
namespace {

/// berth's own environment, with these in it.
std::vector<std::string> environment_with(const GuestVariables& variables) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
    bool replaced = false;
    for (const auto& [key, value] : variables) replaced = replaced || key == name;
    if (!replaced) out.emplace_back(*entry);
  }
  for (const auto& [key, value] : variables) out.push_back(key + "=" + value);
  return out;
}

/// Between fork and exec, in a process with threads: system calls only. Never returns.
[[noreturn]] void become(char** arguments, char** environment, int report, int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(Guest::kCannotRun);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  ::execvpe(arguments[0], arguments, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(report, &error, sizeof error);
  ::_exit(guest_exit_code(error));
}

}  // namespace

int guest_exit_code(int error) { return error == ENOENT ? Guest::kNotFound : Guest::kCannotRun; }

int Guest::start(const std::vector<std::string>& command, const GuestVariables& variables) {
  std::array<int, 2> report{-1, -1};
  if (::pipe2(report.data(), O_CLOEXEC) != 0) return errno;
  auto words = command;
  auto environment = environment_with(variables);
  auto arguments = exec_words(words);
  auto entries = exec_words(environment);
  const int self = ::getpid();
  const int pid = ::fork();
  if (pid == 0) become(arguments.data(), entries.data(), report[1], self);
  int error = pid < 0 ? errno : 0;
  ::close(report[1]);
  if (pid > 0 && ::read(report[0], &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    ::waitpid(pid, nullptr, 0);
  } else if (pid > 0) {
    pid_ = pid;
  }
  ::close(report[0]);
  return error;
}

void Guest::signal(int number) const {
  // What is typed (Ctrl-C and its like) reaches every process of the foreground group by itself.
  const bool from_terminal =
      (number == SIGINT || number == SIGQUIT) && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
  if (pid_ > 0 && !from_terminal) ::kill(pid_, number);
}

bool Guest::ended(int pid, int status) {
  if (pid != pid_ || pid_ <= 0) return false;
  pid_ = 0;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

}  // namespace berth
