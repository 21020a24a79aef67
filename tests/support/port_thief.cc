// A stranger that takes a port by its number and answers HTTP on it:
//
//   port_thief HOST PORT [reuse-address] [reuse-port] [patient] [UID]
//
// Says "thief: taken" or "thief: refused: WHY", and "thief: asked by a user" for each request that bears
// X-User. A patient one tries without a pause until it has the port, and says "thief: waits" first.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/held_socket.h"

namespace berth::test {
namespace {

constexpr int kMostUnanswered = 64;

void say(const std::string& text) {
  std::printf("thief: %s\n", text.c_str());
  std::fflush(stdout);
}

void become(unsigned uid) {
  if (::setgid(uid) != 0 || ::setuid(uid) != 0) {
    std::perror("thief: setuid");
    ::_exit(2);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // the change of user has cleared it
}

void answer(int fd) {
  std::array<char, 4096> bytes;
  const auto n = ::recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
  const std::string request(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  if (request.find("X-User") != std::string::npos) say("asked by a user");
  const std::string reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nthief\n";
  ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
  ::close(fd);
}

[[noreturn]] void answer_for_ever(int listener) {
  std::vector<pollfd> fds{{listener, POLLIN, 0}};
  for (;;) {
    ::poll(fds.data(), fds.size(), -1);
    const bool comes = (fds[0].revents & POLLIN) != 0;
    for (std::size_t i = fds.size(); i-- > 1;) {
      if (fds[i].revents == 0) continue;
      answer(fds[i].fd);
      fds.erase(fds.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (comes && fds.size() < kMostUnanswered) {
      if (const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC); fd >= 0)
        fds.push_back({fd, POLLIN, 0});
    }
  }
}

int run(const std::vector<std::string>& words) {
  const auto has = [&](const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  SocketWish wish{.address = words.at(0), .port = static_cast<std::uint16_t>(std::stoul(words.at(1)))};
  wish.reuse_address = has("reuse-address");
  wish.reuse_port = has("reuse-port");
  if (std::isdigit(static_cast<unsigned char>(words.back().front())) != 0 && words.size() > 2)
    become(static_cast<unsigned>(std::stoul(words.back())));
  std::optional<HeldSocket> socket(std::in_place, wish);
  if (has("patient")) say("waits");
  while (has("patient") && !socket->is_open()) socket.emplace(wish);
  if (!socket->is_open()) {
    say(std::string("refused: ") + std::strerror(socket->error()));
    for (;;) ::pause();
  }
  say("taken");
  answer_for_ever(socket->fd());
}

}  // namespace
}  // namespace berth::test

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return berth::test::run({argv + 1, argv + argc});
}
