#include "backend/reach.h"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "backend/linux_proc.h"
#include "backend/own_listener.h"
#include "backend/own_path.h"
#include "backend/tree_listeners.h"
#include "config/socket_address.h"

namespace berth::backend {
namespace {

int connect_by_address(int fd, const Endpoint& endpoint) {
  const SocketAddress to = socket_address(endpoint);
  return ::connect(fd, to.get(), to.size) == 0 ? 0 : errno;
}

/// Strangers are met on any thread, and told on the loop.
class Teller {
 public:
  Teller(boost::asio::io_context& loop, OnStranger tell) : loop_(loop), tell_(std::move(tell)) {}

  template <class Text>
  void operator()(Text text) const {
    if (tell_) boost::asio::post(loop_, [tell = tell_, text = std::move(text)] { tell(text()); });
  }

 private:
  boost::asio::io_context& loop_;
  OnStranger tell_;
};

class OwnPortReach final : public BackendReach {
 public:
  OwnPortReach(boost::asio::io_context& loop, const Endpoint& to, const std::set<std::uint64_t>& known,
               int root, OnStranger on_stranger)
      : BackendReach(to),
        teller_(loop, std::move(on_stranger)),
        own_(to, known, root, [this](std::uint64_t inode) { tell(inode); }) {}

  int connect(int fd) override { return connect_by_address(fd, endpoint()); }

  int verdict(int) override {
    if (own_.has_accepted()) return 0;
    // Asked a second time, a backend that has begun to listen anew is known.
    return own_.has_accepted() ? EAGAIN : ECONNREFUSED;
  }

 private:
  void tell(std::uint64_t inode) {
    teller_([at = endpoint(), inode] {
      SocketRow row;
      row.local = at;
      row.inode = inode;
      return at.text() + " was taken by " + name_stranger({row}, at.port) + ", which gets no request";
    });
  }

  Teller teller_;
  OwnListener own_;
};

class OwnPathReach final : public BackendReach {
 public:
  OwnPathReach(boost::asio::io_context& loop, const Endpoint& to, OwnDirectory where, int root,
               OnStranger on_stranger)
      : BackendReach(to),
        teller_(loop, std::move(on_stranger)),
        own_(std::move(where), to.path, root, [this](const std::string& who) { tell(who); }) {}

  int connect(int fd) override { return own_.connect(fd); }
  int verdict(int) override { return 0; }  // connect() has seen who listens

 private:
  void tell(const std::string& who) {
    teller_([text = endpoint().text() + " " + who + ": no request goes there"] { return text; });
  }

  Teller teller_;
  OwnPath own_;
};

class OthersReach final : public BackendReach {
 public:
  OthersReach(boost::asio::io_context& loop, const Endpoint& to, OnStranger on_stranger)
      : BackendReach(to), teller_(loop, std::move(on_stranger)) {}

  int connect(int fd) override {
    const int error = connect_by_address(fd, endpoint());
    if (error != 0 || endpoint().family != Endpoint::Family::Unix) return error;
    return is_same_user(fd) ? 0 : ECONNREFUSED;
  }

  int verdict(int) override { return 0; }

 private:
  bool is_same_user(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    std::int64_t first = kNobodyYet;
    if (uid_.compare_exchange_strong(first, peer.uid) || first == peer.uid) return true;
    if (told_.exchange(peer.uid) == peer.uid) return false;
    teller_([at = endpoint().text(), first, now = peer.uid] {
      return at + " belonged to " + user_name(static_cast<std::uint32_t>(first)) + " and is listened on by " +
             user_name(now) + " now, which gets no request: if that is right, attach it again";
    });
    return false;
  }

  static constexpr std::int64_t kNobodyYet = -1;
  Teller teller_;
  std::atomic<std::int64_t> uid_{kNobodyYet};
  std::atomic<std::int64_t> told_{kNobodyYet};
};

}  // namespace

ReachPtr reach_own_port(boost::asio::io_context& loop, const Endpoint& endpoint,
                        const std::set<std::uint64_t>& known, int root, OnStranger on_stranger) {
  return std::make_shared<OwnPortReach>(loop, endpoint, known, root, std::move(on_stranger));
}

ReachPtr reach_own_path(boost::asio::io_context& loop, const Endpoint& endpoint, OwnDirectory where, int root,
                        OnStranger on_stranger) {
  return std::make_shared<OwnPathReach>(loop, endpoint, std::move(where), root, std::move(on_stranger));
}

ReachPtr reach_others(boost::asio::io_context& loop, const Endpoint& endpoint, OnStranger on_stranger) {
  return std::make_shared<OthersReach>(loop, endpoint, std::move(on_stranger));
}

}  // namespace berth::backend
