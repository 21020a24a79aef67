// The keeper: the process between the front and one command. Single-threaded, a subreaper in a session that
// it shares with the command alone; it ends with an empty tree, whatever happens to the front.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <set>
#include <string_view>

#include "backend/backend.h"
#include "backend/keeper_protocol.h"
#include "backend/linux_proc.h"
#include "backend/waiting_wrapper.h"
#include "config/exec_words.h"

namespace berth::backend {
namespace {

struct ExecFailure {
  ExecStage stage;
  int error;
};

void close_from(unsigned first) { ::syscall(SYS_close_range, first, ~0U, 0U); }

void close_at_exec() {
  for (int fd : {kKeeperSocket, kKeeperStdout, kKeeperStderr, kKeeperCommand, kKeeperListener})
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/// Its output is its own, so that it may open /dev/stdout.
template <class Fail>
void become_user(const KeeperCommand& command, Fail fail) {
  for (int fd : {1, 2})
    if (::fchown(fd, command.uid, command.gid) != 0) fail(ExecStage::User);
  if (::initgroups(command.user.c_str(), command.gid) != 0 || ::setgid(command.gid) != 0 ||
      ::setuid(command.uid) != 0) {
    fail(ExecStage::User);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // the change of user has cleared it
}

/// Between fork and exec. Never returns.
[[noreturn]] void become_command(KeeperCommand& command, int report, int keeper) {
  auto fail = [report](ExecStage stage) {
    ExecFailure failure{stage, errno};
    [[maybe_unused]] ssize_t n = ::write(report, &failure, sizeof failure);
    ::_exit(127);
  };
  // Should the keeper itself be killed, the command goes with it; the keeper has one thread, so this is
  // exact.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != keeper) ::_exit(127);
  // A group for the signals of the stop. The session is the keeper's: it has no terminal either, and each
  // setsid(2) costs the start milliseconds where the kernel makes a scheduler's group of it.
  // A terminal of its own needs a session of its own.
  if ((command.tty ? ::setsid() : ::setpgid(0, 0)) < 0) fail(ExecStage::Group);
  if (::setrlimit(RLIMIT_NOFILE, &command.descriptors) != 0) fail(ExecStage::Limits);
  const int in = command.tty ? kKeeperStdout : ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (in < 0 || ::dup2(in, 0) < 0 || ::dup2(kKeeperStdout, 1) < 0 || ::dup2(kKeeperStderr, 2) < 0) {
    fail(ExecStage::Streams);
  }
  if (command.tty && ::ioctl(0, TIOCSCTTY, 0) != 0) fail(ExecStage::Streams);
  if (!command.user.empty()) become_user(command, fail);
  if (!command.dir.empty() && ::chdir(command.dir.c_str()) != 0) fail(ExecStage::Directory);
  close_at_exec();
  if (command.hands_over) {
    if (::dup2(kKeeperListener, kHandedOver) < 0) fail(ExecStage::Streams);
    command.environment.push_back("LISTEN_PID=" + std::to_string(::getpid()));
  }
  auto arguments = exec_words(command.arguments);
  auto environment = exec_words(command.environment);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(command.program.c_str(), arguments.data(), environment.data());
  // The front, which may be root, has looked with other eyes. As execvp(3) does.
  for (auto other = command.others.begin(); errno == EACCES && other != command.others.end(); ++other)
    ::execve(other->c_str(), arguments.data(), environment.data());
  fail(ExecStage::Exec);
  ::_exit(127);
}

class Keeper {
 public:
  int run();

 private:
  enum class Phase {
    Running,        ///< the command runs, or has ended and its owner has not asked for more
    StoppingMain,   ///< the command was signalled, the rest of its group was not
    StoppingGroup,  ///< the group was signalled
    Killing,        ///< KILL to everything until no child is left
  };

  bool start();
  void hear_exec_result();
  void hear_front();
  void obey(const KeeperOrder& order);
  void stop_group();
  bool main_stops_nobody(int signal) const;
  void reap();
  void kill_tree();
  bool group_lives() const;
  void tell(KeeperNews::Kind kind, int first = 0, int second = 0, std::string_view text = {}, int flags = 0);

  Descriptor signals_;
  Descriptor exec_report_;
  Phase phase_ = Phase::Running;
  int stop_signal_ = 0;
  pid_t command_ = 0;
  bool command_ended_ = false;
  bool no_child_ = false;
  bool front_gone_ = false;
  std::set<pid_t> killed_;
};

void Keeper::tell(KeeperNews::Kind kind, int first, int second, std::string_view text, int flags) {
  if (front_gone_) return;
  KeeperNews news{.kind = kind, .first = first, .second = second, .text = {}};
  std::copy_n(text.begin(), std::min(text.size(), news.text.size() - 1), news.text.begin());
  ::send(kKeeperSocket, &news, sizeof news, MSG_NOSIGNAL | flags);
}

bool Keeper::start() {
  auto command = read_command(kKeeperCommand);
  std::array<int, 2> report{-1, -1};
  if (!command || ::pipe2(report.data(), O_CLOEXEC) != 0) {
    const bool foreign = !command && errno == EPROTO;
    tell(KeeperNews::Kind::ExecFailed, static_cast<int>(foreign ? ExecStage::Protocol : ExecStage::Fork),
         errno);
    return false;
  }
  exec_report_.reset(report[0]);
  Descriptor write_end(report[1]);
  pid_t self = ::getpid();
  command_ = ::fork();
  if (command_ == 0) become_command(*command, write_end.get(), self);
  if (command_ < 0) {
    tell(KeeperNews::Kind::ExecFailed, static_cast<int>(ExecStage::Fork), errno);
    return false;
  }
  // The command's pipes are its own now: the front must see their end when the last writer goes.
  for (int fd : {kKeeperStdout, kKeeperStderr, kKeeperCommand, kKeeperListener}) ::close(fd);
  return true;
}

void Keeper::hear_exec_result() {
  ExecFailure failure{};
  ssize_t n = 0;
  do {
    n = ::read(exec_report_.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  exec_report_.reset();
  if (n == static_cast<ssize_t>(sizeof failure)) {
    command_ended_ = true;
    tell(KeeperNews::Kind::ExecFailed, static_cast<int>(failure.stage), failure.error);
  } else {
    tell(KeeperNews::Kind::Started, command_);
  }
}

void Keeper::reap() {
  for (;;) {
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) no_child_ = true;
    if (pid <= 0) return;
    if (pid != command_ || command_ended_) continue;
    command_ended_ = true;
    tell(KeeperNews::Kind::Exited, status);
  }
}

bool Keeper::group_lives() const {
  if (command_ <= 0) return false;
  if (!command_ended_) return true;
  auto tree = descendants(::getpid());
  return std::any_of(tree.begin(), tree.end(), [this](int pid) { return ::getpgid(pid) == command_; });
}

void Keeper::obey(const KeeperOrder& order) {
  if (order.verb == KeeperOrder::Verb::Kill) phase_ = Phase::Killing;
  if (phase_ != Phase::Running) return;
  stop_signal_ = order.signal;
  if (order.verb == KeeperOrder::Verb::StopGroup || main_stops_nobody(order.signal)) return stop_group();
  phase_ = Phase::StoppingMain;
  ::kill(command_, order.signal);
  // Who was stopped hears no signal; nor does who waits for a child that was.
  ::kill(-command_, SIGCONT);
}

/// Whether nothing would come of it if the command alone got the signal: it has ended, it ignores it, or it
/// is a wrapper that waits for what it has started without passing it on.
bool Keeper::main_stops_nobody(int signal) const {
  return command_ended_ || ignores_signal(command_, signal) ||
         keeps_signal_to_itself(command_words(command_), signal);
}

void Keeper::stop_group() {
  phase_ = Phase::StoppingGroup;
  // A group's number is not given away while it has a member, so this hits nobody else.
  if (!group_lives()) return;
  ::kill(-command_, stop_signal_);
  ::kill(-command_, SIGCONT);
}

void Keeper::hear_front() {
  KeeperOrder order;
  ssize_t n = ::recv(kKeeperSocket, &order, sizeof order, MSG_DONTWAIT);
  if (n > 0 && order.version != kKeeperVersion)
    return tell(KeeperNews::Kind::ExecFailed, static_cast<int>(ExecStage::Protocol), EPROTO);
  if (n == static_cast<ssize_t>(sizeof order)) return obey(order);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  front_gone_ = true;
  phase_ = Phase::Killing;
}

void Keeper::kill_tree() {
  constexpr std::size_t kNamed = 50;  // of more the front is not told: a fork bomb needs no list
  for (pid_t pid : descendants(::getpid())) {
    if (killed_.size() < kNamed && killed_.insert(pid).second) {
      tell(KeeperNews::Kind::Killed, pid, pid == command_ ? 1 : 0, describe_process(pid), MSG_DONTWAIT);
    }
    ::kill(pid, SIGKILL);
  }
}

int Keeper::run() {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  signals_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_ || !start()) return 1;
  int pause_ms = 2;
  for (;;) {
    std::array<pollfd, 3> waits{
        {{kKeeperSocket, POLLIN, 0}, {signals_.get(), POLLIN, 0}, {exec_report_.get(), POLLIN, 0}}};
    if (exec_report_)
      waits[0].events = 0;  // orders wait until there is a group; the front's end is always seen
    if (front_gone_) waits[0].fd = -1;
    bool killing = phase_ == Phase::Killing;
    ::poll(waits.data(), waits.size(), killing ? pause_ms : -1);
    if (exec_report_ && waits[2].revents != 0) hear_exec_result();
    if (waits[0].revents != 0) hear_front();
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    reap();
    if (phase_ == Phase::StoppingMain && command_ended_) stop_group();
    if (phase_ == Phase::StoppingGroup && !group_lives()) phase_ = Phase::Killing;
    if (phase_ != Phase::Killing) continue;
    if (no_child_) {
      tell(KeeperNews::Kind::Empty);
      return 0;
    }
    pause_ms = killing ? std::min(pause_ms * 2, 100) : 2;
    kill_tree();
  }
}

}  // namespace

bool is_keeper(int argc, char** argv) {
  return argc == 1 && std::string_view(argv[0]).starts_with(std::string(kKeeperName) + ":");
}

int keeper_main(int, char**) {
  ::prctl(PR_SET_NAME, kKeeperName);
  close_from(kKeeperListener + 1);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Nothing but KILL ends a keeper before its tree is empty.
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  close_at_exec();
  return Keeper().run();
}

}  // namespace berth::backend
