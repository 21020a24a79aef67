// Loaded into berth by LD_PRELOAD: stops it between taking a number from the kernel and spawning the command
// that is to have it. Once the file $BERTH_TEST_PAUSE/armed is there, the pipe that is made next after a
// bind(2) to port 0 writes that number into `number` and waits for `go`. Its own variables go at once, so
// that nothing that berth starts is stopped too.
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

const std::string& folder() {
  static const std::string path = [] {
    const char* given = std::getenv("BERTH_TEST_PAUSE");
    return std::string(given != nullptr ? given : "");
  }();
  return path;
}

__attribute__((constructor)) void begin() {
  folder();
  ::unsetenv("LD_PRELOAD");
  ::unsetenv("BERTH_TEST_PAUSE");
}

bool is_there(const char* name) { return ::access((folder() + "/" + name).c_str(), F_OK) == 0; }

/// The number that the kernel chose; 0: not TCP, or a number was asked for.
unsigned chosen(int fd, const sockaddr* asked) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return 0;
  if (asked->sa_family != AF_INET && asked->sa_family != AF_INET6) return 0;
  // The port lies at the same place in both families.
  if (reinterpret_cast<const sockaddr_in*>(asked)->sin_port != 0) return 0;
  sockaddr_in6 bound{};
  size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  return ntohs(bound.sin6_port);
}

void write_number(unsigned number) {
  const std::string text = std::to_string(number) + "\n";
  const int file = ::open((folder() + "/number").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  [[maybe_unused]] const auto n = ::write(file, text.data(), text.size());
  ::close(file);
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

thread_local unsigned taken = 0;

}  // namespace

extern "C" int bind(int fd, const sockaddr* address, socklen_t size) {
  static const auto real_bind = real<int (*)(int, const sockaddr*, socklen_t)>("bind");
  const int result = real_bind(fd, address, size);
  if (result == 0) taken = chosen(fd, address);
  return result;
}

extern "C" int pipe2(int* ends, int flags) {
  static const auto real_pipe2 = real<int (*)(int*, int)>("pipe2");
  if (!folder().empty() && taken != 0 && is_there("armed")) {
    write_number(taken);
    const timespec moment{0, 1'000'000};
    while (!is_there("go")) ::nanosleep(&moment, nullptr);
  }
  taken = 0;
  return real_pipe2(ends, flags);
}
