#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace berth::test {
namespace {

constexpr Milliseconds kLastOutput{200};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!added.contains(std::string(text.substr(0, text.find('='))))) result.emplace_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  std::array<int, 2> out{}, err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) fail("pipe2");
  auto arguments = options.command;
  auto variables = environment(options.env);
  const auto argv = pointers(arguments);
  const auto envp = pointers(variables);
  const int parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    // A test that is killed takes its children with it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (!options.dir.empty() && ::chdir(options.dir.c_str()) != 0) ::_exit(126);
    ::execvpe(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  for (const int fd : {out[0], err[0]}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  out_fd_ = out[0];
  err_fd_ = err[0];
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC);
  pidfd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  reader_ = std::thread([this] { read_output(); });
}

ChildProcess::~ChildProcess() {
  if (!exit_) {
    signal(SIGKILL);
    wait_exit(std::chrono::seconds(10));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  reader_.join();
  for (const int fd : {pidfd_, out_fd_, err_fd_, wake_fd_}) ::close(fd);
}

void ChildProcess::read_output() {
  std::array<pollfd, 3> fds{pollfd{out_fd_, POLLIN, 0}, pollfd{err_fd_, POLLIN, 0},
                            pollfd{wake_fd_, POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[2].revents != 0) break;
    for (std::size_t i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      const std::lock_guard lock(mutex_);
      if (!take_output(i)) fds[i].fd = -1;
    }
  }
  const std::lock_guard lock(mutex_);
  streams_open_ = false;
  changed_.notify_all();
}

/// What is there now, under the lock. False: it has ended.
bool ChildProcess::take_output(std::size_t stream) const {
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const auto n = ::read(stream == 0 ? out_fd_ : err_fd_, buffer.data(), buffer.size());
    if (n <= 0) return n < 0 && errno == EAGAIN;
    (stream == 0 ? out_ : err_).append(buffer.data(), static_cast<std::size_t>(n));
    changed_.notify_all();
  }
}

void ChildProcess::signal(int number) {
  if (!exit_) ::syscall(SYS_pidfd_send_signal, pidfd_, number, nullptr, 0);
}

std::optional<ExitStatus> ChildProcess::wait_exit(Milliseconds deadline) {
  if (exit_) return exit_;
  pollfd fd{pidfd_, POLLIN, 0};
  const auto end = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    const auto left = std::chrono::ceil<Milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() < 0) return std::nullopt;
    const int n = ::poll(&fd, 1, static_cast<int>(left.count()));
    if (n > 0) break;
    if (n == 0) return std::nullopt;
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  exit_ = WIFSIGNALED(status) ? ExitStatus{true, WTERMSIG(status)} : ExitStatus{false, WEXITSTATUS(status)};
  // A grandchild may hold the pipes open for ever; what the process itself wrote is in them by now.
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLastOutput, [this] { return !streams_open_; });
  for (const std::size_t stream : {0U, 1U}) take_output(stream);
  return exit_;
}

std::string ChildProcess::out() const {
  const std::lock_guard lock(mutex_);
  take_output(0);
  return out_;
}

std::string ChildProcess::err() const {
  const std::lock_guard lock(mutex_);
  take_output(1);
  return err_;
}

bool ChildProcess::wait_output(std::string_view text, Milliseconds deadline) {
  std::unique_lock lock(mutex_);
  const auto found = [&] {
    return out_.find(text) != std::string::npos || err_.find(text) != std::string::npos;
  };
  changed_.wait_for(lock, deadline, [&] { return found() || !streams_open_; });
  return found();
}

CommandResult run_command(const ChildOptions& options, Milliseconds deadline) {
  const auto begun = std::chrono::steady_clock::now();
  ChildProcess child(options);
  const auto exit = child.wait_exit(deadline);
  CommandResult result;
  result.timed_out = !exit;
  if (exit && !exit->signalled) result.exit_code = exit->value;
  result.out = child.out();
  result.err = child.err();
  result.took = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begun);
  return result;
}

}  // namespace berth::test
