#include "backend/linux_notify_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "backend/address.h"
#include "backend/backend.h"
#include "backend/linux_proc.h"
#include "backend/place.h"

namespace berth::backend {
namespace {

namespace asio = boost::asio;
using Stream = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

constexpr std::size_t kLongestMessage = 4096;
constexpr std::size_t kLongestStatus = 200;

/// Bound at `path`, for the command's user to write to. Empty: see errno.
Descriptor bound_socket(const std::string& path, const std::string& user) {
  Descriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const SocketAddress address = socket_address(Endpoint::unix_path(path));
  if (address.size == 0) errno = ENAMETOOLONG;
  // Credentials from the first message on: asked for before anybody can send one.
  if (address.size == 0 || !fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
      ::bind(fd.get(), address.get(), address.size) != 0 || !give_to_user(path, user)) {
    fd.reset();
  }
  return fd;
}

struct Message {
  std::string text;
  int pid = 0;  ///< 0: the kernel has not said
};

enum class Heard : std::uint8_t { Message, Nothing, Failed };

/// Descriptors that come along (FDSTORE, BARRIER) find no room here, so the kernel closes them: which is what
/// who waits at a barrier waits for.
Heard receive(int fd, Message& message) {
  std::array<char, kLongestMessage> buffer;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? Heard::Nothing : Heard::Failed;
  // Half a message is none.
  if ((header.msg_flags & MSG_TRUNC) == 0) message.text.assign(buffer.data(), static_cast<std::size_t>(size));
  const cmsghdr* first = CMSG_FIRSTHDR(&header);
  if (first != nullptr && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_CREDENTIALS) {
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(first), sizeof sender);
    message.pid = sender.pid;
  }
  return Heard::Message;
}

}  // namespace

struct NotifySocket::State : std::enable_shared_from_this<NotifySocket::State> {
  State(asio::io_context& loop, Owner who, PrivateDir where)
      : socket(loop.get_executor()),
        owner(std::move(who)),
        dir(std::move(where)),
        path(dir.path() + "/notify") {}

  /// Goes on after READY=1: a socket that nobody reads stalls who writes to it.
  void wait() {
    socket.async_wait(Stream::wait_read, [self = shared_from_this()](boost::system::error_code error) {
      if (error || !self->open) return;
      Message message;
      const Heard heard = receive(self->socket.native_handle(), message);
      if (heard == Heard::Failed) return;
      self->wait();
      if (heard == Heard::Message && !self->given) self->take(message);
    });
  }

  void take(const Message& message) {
    // Whose it is takes a look at the whole tree: not for what says nothing here.
    const bool speaks = message.text.find("READY=1") != std::string::npos ||
                        message.text.find("STATUS=") != std::string::npos;
    if (!speaks) return;
    // A sender that has just ended is a zombie until its parent asks for it. One that is gone altogether can
    // be asked no more, and counts: nobody but the command's user comes into the socket's directory.
    // Whose parent ends while the tree is read may be missed in it: then it is read once more.
    bool own = false;
    for (int look = 0; look < 2 && !own; ++look) {
      const auto tree = descendants(owner.root(), true);
      own = std::find(tree.begin(), tree.end(), message.pid) != tree.end();
    }
    own = own || (message.pid > 0 && ::kill(message.pid, 0) != 0 && errno == ESRCH);
    std::string_view rest = message.text;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      const auto assignment = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (assignment == "READY=1") (own ? given : from_outside) = true;
      if (own && assignment.starts_with("STATUS=")) status = assignment.substr(0, kLongestStatus);
    }
    if (!own) stranger = message.pid;
    if (!given) return;
    const auto tell = owner.on_ready;
    tell();
  }

  Sign sign() const {
    if (given) return {true, "READY=1 came"};
    std::string text = "READY=1 did not come";
    if (from_outside)
      text += " from its own processes (pid " + std::to_string(stranger) + ", none of them, has sent it)";
    return {false, status.empty() ? text : text + "; " + status};
  }

  Stream socket;
  Owner owner;
  PrivateDir dir;
  std::string path;
  std::string status;  ///< the last one, with its name
  bool given = false;
  bool from_outside = false;
  int stranger = 0;
  bool open = true;
};

std::unique_ptr<NotifySocket> NotifySocket::open(asio::io_context& loop, const LaunchSpec& spec, Owner owner,
                                                 int& error) {
  auto state = std::make_shared<State>(loop, std::move(owner), make_socket_dir(spec));
  Descriptor fd;
  if (!state->dir.path().empty()) fd = bound_socket(state->path, spec.user);
  // The directory last: what lies in it cannot be exchanged by the user before it is his.
  if (!fd || !give_to_user(state->dir.path(), spec.user)) {
    error = errno;
    return nullptr;
  }
  state->socket.assign(fd.release());
  state->wait();
  return std::unique_ptr<NotifySocket>(new NotifySocket(std::move(state)));
}

NotifySocket::~NotifySocket() {
  state_->open = false;
  boost::system::error_code ignored;
  state_->socket.close(ignored);
  state_->dir = PrivateDir();
}

const std::string& NotifySocket::path() const { return state_->path; }

Sign NotifySocket::sign() const { return state_->sign(); }

}  // namespace berth::backend
