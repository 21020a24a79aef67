#include "proxy/inherited.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "backend/address.h"

namespace berth {
namespace {

constexpr int kFirst = 3;  ///< SD_LISTEN_FDS_START

/// 0: not there, or not a number.
int number_of(const char* variable) {
  const char* value = std::getenv(variable);
  const std::string_view text = value == nullptr ? "" : value;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

std::vector<std::string> names_of(const char* variable) {
  const char* value = std::getenv(variable);
  std::string_view text = value == nullptr ? "" : value;
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto colon = std::min(text.find(':'), text.size());
    names.emplace_back(text.substr(0, colon));
    text.remove_prefix(std::min(text.size(), colon + 1));
  }
  return names;
}

bool option_is(int fd, int option, int wanted) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

}  // namespace

Inherited Inherited::of_process() {
  Inherited out;
  const int count = number_of("LISTEN_PID") == ::getpid() ? number_of("LISTEN_FDS") : 0;
  const std::vector<std::string> names = names_of("LISTEN_FDNAMES");
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  for (int i = 0; i < count; ++i) {
    const int number = kFirst + i;
    const std::string name = static_cast<std::size_t>(i) < names.size() && !names[i].empty()
                                 ? names[static_cast<std::size_t>(i)]
                                 : "unknown";
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
      out.error = "LISTEN_FDS names descriptor " + std::to_string(number) + ", which is not open";
      break;
    }
    out.sockets.push_back({name, loop::Fd(number), backend::local_endpoint(number)});
    if (!option_is(number, SO_TYPE, SOCK_STREAM) || !option_is(number, SO_ACCEPTCONN, 1))
      out.error = "what systemd hands over as '" + name +
                  "' is no listening stream socket\n  its unit needs ListenStream= and Accept=no";
  }
  return out;
}

std::vector<InheritedSocket> inherited_by_name(const Inherited& inherited, const std::string& name,
                                               std::string& wrong) {
  std::vector<InheritedSocket> found;
  std::string others;
  for (const InheritedSocket& socket : inherited.sockets) {
    others += (others.empty() ? "" : ", ") + socket.name;
    if (name.empty() || name == socket.name)
      found.push_back({socket.name, loop::Fd(::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 3)), socket.bound});
  }
  if (!inherited.error.empty()) {
    wrong = inherited.error;
    return {};
  }
  if (found.empty() && inherited.sockets.empty())
    wrong =
        "systemd hands over no listener (LISTEN_FDS and LISTEN_PID do not say so)\n"
        "  start berth through its .socket unit, or write HOST:PORT";
  else if (found.empty())
    wrong = "systemd hands over no listener with the name '" + name + "', only: " + others +
            "\n  FileDescriptorName= in its .socket unit gives the name";
  return found;
}

}  // namespace berth
