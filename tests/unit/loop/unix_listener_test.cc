#include "proxy/loop/unix_listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace berth::loop {
namespace {

struct Place {
  Place() {
    std::string name = "/tmp/berth-unix-XXXXXX";
    dir = ::mkdtemp(name.data());
    path = dir + "/x.sock";
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir), {}));
  }
  unsigned mode() const {
    struct stat facts {};
    return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777U : 0;
  }
  std::string dir;
  std::string path;
};

}  // namespace

TEST_CASE("unix listener: answers, with the mode asked for, and takes its file with it") {
  const Place place;
  {
    const UnixListener made = listen_unix(place.path, 0660, 8);
    REQUIRE(made.error == 0);
    CHECK(answers(place.path));
    CHECK(place.mode() == 0660);
    CHECK(place.files() == 1);
    CHECK(listen_unix(place.path, 0660, 8).error == EADDRINUSE);
    CHECK(answers(place.path));
  }
  CHECK(place.files() == 0);
}

TEST_CASE("unix listener: a file that nobody listens on is replaced, one that is no socket is left") {
  const Place place;
  {
    UnixListener left = listen_unix(place.path, 0600, 8);
    left.fd.reset();
    CHECK_FALSE(answers(place.path));
    const UnixListener next = listen_unix(place.path, 0600, 8);
    CHECK(next.error == 0);
    left.file = SocketFile();  // it is not its own any more
    CHECK(answers(place.path));
  }
  std::ofstream(place.path) << "text";
  CHECK(listen_unix(place.path, 0600, 8).error == ENOTSOCK);
  CHECK(std::filesystem::file_size(place.path) == 4);
}

TEST_CASE("unix listener: paths that cannot be had") {
  const Place place;
  CHECK(listen_unix(place.dir + "/" + std::string(120, 'x'), 0600, 8).error == ENAMETOOLONG);
  CHECK(listen_unix(place.dir + "/no/x.sock", 0600, 8).error == ENOENT);
}

TEST_CASE("unix listener: of many that want one path at once, one gets it") {
  const Place place;
  std::vector<UnixListener> made(8);
  std::vector<std::thread> threads;
  threads.reserve(made.size());
  for (UnixListener& each : made)
    threads.emplace_back(
        [&place, &each] { each = listen_unix(place.path, 0600, 8, std::chrono::seconds(10)); });
  for (std::thread& thread : threads) thread.join();
  int got = 0;
  for (const UnixListener& each : made) {
    got += each.error == 0 ? 1 : 0;
    CHECK((each.error == 0 || each.error == EADDRINUSE));
  }
  CHECK(got == 1);
  CHECK(answers(place.path));
}

TEST_CASE("unix listener: a lock that somebody else holds is waited for only so long") {
  const Place place;
  const int held = ::open(place.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::flock(held, LOCK_SH) == 0);
  const auto begun = std::chrono::steady_clock::now();
  CHECK(listen_unix(place.path, 0600, 8).error == EWOULDBLOCK);
  CHECK(listen_unix(place.path, 0600, 8, std::chrono::milliseconds(30)).error == EWOULDBLOCK);
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(30));
  CHECK(place.files() == 0);
  CHECK(locked_text(place.path).find("holds a lock (flock) on " + place.dir + "/") != std::string::npos);
  ::close(held);
  CHECK(listen_unix(place.path, 0600, 8).error == 0);
}

TEST_CASE("unix listener: a file of somebody else's is not removed for its own temporary one") {
  const Place place;
  const std::string theirs = place.dir + "/." + std::to_string(::getpid());
  std::ofstream(theirs) << "dear";
  CHECK(listen_unix(place.path, 0600, 8).error == 0);
  CHECK(std::filesystem::file_size(theirs) == 4);
}

}  // namespace berth::loop
