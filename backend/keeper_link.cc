#include "backend/keeper_link.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>

namespace berth::backend {
namespace {

namespace asio = boost::asio;
using Stream = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

rlimit read_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

// Before main(), so that whatever main() does to the limit comes later.
const rlimit kLimitAtStart = read_limit();

/// Out of the way of the numbers that the keeper wants its descriptors at.
Descriptor moved_high(const Descriptor& fd) { return Descriptor(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 10)); }

/// This very program, also when its file has been replaced since. (Not /proc/self/exe: that is looked up in
/// the child, which a tool like valgrind has already made something else.)
const std::string& own_program() {
  static const int fd =
      ::fcntl(Descriptor(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)).get(), F_DUPFD_CLOEXEC, 10);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return path;
}

struct SpawnActions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  SpawnActions() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    for (int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
};

}  // namespace

const rlimit& descriptor_limit_at_start() { return kLimitAtStart; }

struct KeeperLink::State : std::enable_shared_from_this<KeeperLink::State> {
  explicit State(asio::io_context& loop) : socket(loop.get_executor()) {}

  void listen_on() {
    socket.async_wait(Stream::wait_read, [self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->hear();
    });
  }

  /// Collects the keeper when it has ended, also when the link is gone by then: no zombie stays.
  static void reap_later(boost::asio::io_context& loop, const std::shared_ptr<State>& state) {
    Descriptor pidfd(static_cast<int>(::syscall(SYS_pidfd_open, state->pid, 0)));
    if (!pidfd) return;
    state->has_pidfd = true;
    auto watch = std::make_shared<Stream>(loop.get_executor(), pidfd.release());
    watch->async_wait(Stream::wait_read, [watch, state](boost::system::error_code error) {
      if (!error) state->ended();
    });
  }

  void hear() {
    const Heard heard = take_news();
    if (heard == Heard::All) listen_on();
    // Without a pidfd the end of the pipe is the only word of the keeper's own end.
    if (heard == Heard::End && !has_pidfd) ended();
  }

  enum class Heard : std::uint8_t { All, End };

  /// Tells on what lies in the pipe.
  Heard take_news() {
    while (open) {
      KeeperNews news;
      ssize_t n = ::recv(socket.native_handle(), &news, sizeof news, MSG_DONTWAIT);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return Heard::All;
      if (n > 0 && news.version != kKeeperVersion) return refuse();
      if (n != static_cast<ssize_t>(sizeof news)) return Heard::End;
      news.text.back() = '\0';
      // Told on when the keeper itself has been collected: then really nothing is left.
      said_empty = news.kind == KeeperNews::Kind::Empty;
      if (!said_empty) listener.on_news(news);
    }
    return Heard::End;
  }

  /// It is of another version of berth: nothing it says can be relied on. It ends what it runs when the pipe
  /// closes.
  Heard refuse() {
    KeeperNews news;
    news.kind = KeeperNews::Kind::ExecFailed;
    news.first = static_cast<std::int32_t>(ExecStage::Protocol);
    news.second = EPROTO;
    listener.on_news(news);
    boost::system::error_code ignored;
    socket.close(ignored);
    return Heard::End;
  }

  void ended() {
    ::waitpid(pid, nullptr, has_pidfd ? WNOHANG : 0);
    if (!open) return;
    take_news();
    if (!std::exchange(open, false)) return;
    if (said_empty) {
      listener.on_news(KeeperNews{});
    } else {
      listener.on_lost();
    }
  }

  Stream socket;
  KeeperListener listener;
  pid_t pid = 0;
  bool open = true;
  bool said_empty = false;
  bool has_pidfd = false;
};

std::unique_ptr<KeeperLink> KeeperLink::spawn(asio::io_context& loop, KeeperCommand command, Handed handed,
                                              KeeperListener listener, int& error) {
  command.hands_over = static_cast<bool>(handed.listener);
  if (!handed.listener) handed.listener.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::array<int, 2> pair{-1, -1};
  auto file = write_command(command);
  if (!file || ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    error = errno;
    return nullptr;
  }
  Descriptor ours(pair[0]), theirs(pair[1]);
  std::array<Descriptor, 5> high{moved_high(theirs), moved_high(handed.out), moved_high(handed.err),
                                 moved_high(*file), moved_high(handed.listener)};
  SpawnActions actions;
  constexpr std::array<int, 5> kPlaces{kKeeperSocket, kKeeperStdout, kKeeperStderr, kKeeperCommand,
                                       kKeeperListener};
  for (std::size_t i = 0; i < high.size(); ++i) {
    if (!high[i]) {
      error = errno;
      return nullptr;
    }
    posix_spawn_file_actions_adddup2(&actions.files, high[i].get(), kPlaces[i]);
  }
  std::string name = std::string(kKeeperName) + ": " + command.whose;
  std::array<char*, 2> arguments{name.data(), nullptr};
  pid_t pid = 0;
  error = ::posix_spawn(&pid, own_program().c_str(), &actions.files, &actions.attributes, arguments.data(),
                        environ);
  if (error != 0) return nullptr;
  auto state = std::make_shared<State>(loop);
  state->socket.assign(ours.release());
  state->listener = std::move(listener);
  state->pid = pid;
  State::reap_later(loop, state);
  state->listen_on();
  return std::unique_ptr<KeeperLink>(new KeeperLink(std::move(state)));
}

KeeperLink::~KeeperLink() {
  state_->open = false;
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

void KeeperLink::order(KeeperOrder::Verb verb, int signal) {
  KeeperOrder message{.verb = verb, .signal = signal};
  ::send(state_->socket.native_handle(), &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int KeeperLink::keeper_pid() const { return state_->pid; }

}  // namespace berth::backend
