#include "tests/support/faulty_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "bench/load/response_reader.h"

namespace berth::test {
namespace {

void checked(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

bool read_more(int fd, std::string& in) {
  std::array<char, 64 * 1024> bytes;
  const auto n = ::recv(fd, bytes.data(), bytes.size(), 0);
  if (n > 0) in.append(bytes.data(), static_cast<std::size_t>(n));
  return n > 0;
}

/// False: the connection is to be closed.
bool send_parts(int fd, const FaultyAnswer& how) {
  for (const auto& part : how.parts) {
    if (part.before.count() > 0) std::this_thread::sleep_for(part.before);
    for (std::string_view left = part.bytes; !left.empty();) {
      const auto n = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      left.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  return !how.close;
}

}  // namespace

std::string http_answer(const std::string& status, const std::string& body, const std::string& fields) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields +
         "\r\n" + body;
}

FaultyAnswer answer(const std::string& body, const std::string& fields) {
  return {.parts = {{http_answer("200 OK", body, fields)}}};
}

std::string upgrade_answer() {
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
}

std::string server_frame(const std::string& payload, int opcode) {
  return std::string{static_cast<char>(0x80 | opcode), static_cast<char>(payload.size())} + payload;
}

std::string close_frame(unsigned code) {
  return server_frame({static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}, 8);
}

struct FaultyServer::Peer {
  int fd = -1;
  std::thread thread;
};

FaultyServer::FaultyServer(Handler handler, Begin begin, const std::string& unix_path)
    : handler_(std::move(handler)) {
  fd_ = ::socket(unix_path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  checked(fd_ >= 0, "socket");
  if (unix_path.empty()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    checked(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  } else {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
    checked(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  }
  if (begin == Begin::Listening) listen();
}

void FaultyServer::listen() {
  checked(::listen(fd_, 512) == 0, "listen");
  acceptor_ = std::thread([this] { accept_all(); });
}

FaultyServer::~FaultyServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    ::shutdown(fd_, SHUT_RDWR);
    for (auto& peer : peers_) ::shutdown(peer.fd, SHUT_RDWR);
  }
  if (acceptor_.joinable()) acceptor_.join();
  for (auto& peer : peers_) {
    peer.thread.join();
    ::close(peer.fd);
  }
  ::close(fd_);
}

std::string FaultyServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void FaultyServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    auto& peer = peers_.emplace_back();
    peer.fd = fd;
    if (ending_) ::shutdown(fd, SHUT_RDWR);
    peer.thread = std::thread([this, &peer] { serve(peer); });
  }
}

void FaultyServer::serve(Peer& peer) {
  std::string in;
  for (bool goes_on = true; goes_on;) {
    std::size_t end = 0;
    while ((end = in.find("\r\n\r\n")) == std::string::npos)
      if (!read_more(peer.fd, in)) return;
    FaultyRequest request;
    request.head = in.substr(0, end + 4);
    const auto target = request.head.find(' ') + 1;
    request.method = request.head.substr(0, target - 1);
    request.target = request.head.substr(target, request.head.find(' ', target) - target);
    if (at_head_) {
      const std::string said = at_head_(request);
      if (!send_parts(peer.fd,
                      {.parts = {{said}}, .close = !said.empty() && !said.starts_with("HTTP/1.1 1")}))
        break;
    }
    const std::string length(load::field_of(request.head, "content-length"));
    const std::size_t whole = end + 4 + (length.empty() ? 0 : std::stoul(length));
    while (in.size() < whole)
      if (!read_more(peer.fd, in)) return;
    request.body = in.substr(end + 4, whole - end - 4);
    in.erase(0, whole);
    FaultyAnswer how;
    {
      const std::lock_guard lock(mutex_);
      request.number = requests_.load() + 1;
      how = handler_(request);
      ++requests_;
    }
    goes_on = send_parts(peer.fd, how) && load::field_of(request.head, "connection") != "close";
    if (goes_on && how.on_text) return web_socket(peer, in, how);
  }
  ::shutdown(peer.fd, SHUT_RDWR);
}

void FaultyServer::web_socket(Peer& peer, std::string& in, const FaultyAnswer& how) {
  for (std::uint64_t number = 1;;) {
    while (in.size() < 2 || in.size() < 6U + (static_cast<unsigned char>(in[1]) & 0x7f))
      if (!read_more(peer.fd, in)) return;
    std::string text = in.substr(6, static_cast<unsigned char>(in[1]) & 0x7f);
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(text[i] ^ in[2 + i % 4]);
    const int opcode = in[0] & 0x0f;
    in.erase(0, 6 + text.size());
    if (opcode == 8) break;
    FaultyAnswer answer;
    if (opcode == 1) {
      const std::lock_guard lock(mutex_);
      answer = how.on_text(text, number++);
    }
    if (!send_parts(peer.fd, answer)) break;
  }
  ::shutdown(peer.fd, SHUT_RDWR);
}

}  // namespace berth::test
