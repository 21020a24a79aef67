// What berth removes of directories that it finds, and what it never touches.
#include "backend/private_dir.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "backend/backend.h"

namespace fs = std::filesystem;

namespace berth::backend {
namespace {

/// A pid that was a process's of ours, and is nobody's.
pid_t dead_pid() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  return pid;
}

struct Scene {
  Scene() {
    std::string name = "/tmp/berth-private-XXXXXX";
    dir = ::mkdtemp(name.data());
  }
  ~Scene() { fs::remove_all(dir); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  std::string make(const std::string& name, mode_t mode = 0700) const {
    fs::create_directory(dir + "/" + name);
    ::chmod((dir + "/" + name).c_str(), mode);
    return dir + "/" + name;
  }
  bool there(const std::string& name) const { return fs::exists(fs::symlink_status(dir + "/" + name)); }

  std::string dir;
  const std::string gone = std::to_string(dead_pid());
};

/// Bound there, as long as what is returned is open.
Descriptor hold_socket(const std::string& path, int type) {
  Descriptor held(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(held.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return held;
}

void put_socket(const std::string& path) { hold_socket(path, SOCK_STREAM).reset(); }

}  // namespace

TEST_CASE("stale directories: one of a killed front is removed with its sockets") {
  const Scene scene;
  const std::string name = "berth-3-" + scene.gone + "-aB3dE9";
  put_socket(scene.make(name) + "/s");
  remove_stale_dirs(scene.dir);
  CHECK_FALSE(scene.there(name));
}

TEST_CASE("stale directories: a user's directory with a name like berth's stays with all that it holds") {
  const Scene scene;
  const std::string pid = scene.gone;
  for (const std::string& name :
       {std::string("berth-2026-11-29-notes"), "berth-3-" + pid + "-", "berth-3-" + pid + "-aB3dE",
        "berth-3-" + pid + "-aB3dE9x", "berth-3-" + pid + "-aB3d.9", "berth-03-" + pid + "-aB3dE9",
        "berth-3--" + pid + "-aB3dE9", "berth-3-0" + pid + "-aB3dE9", "berth-+3-" + pid + "-aB3dE9",
        "berth-99999999999-" + pid + "-aB3dE9", "xberth-3-" + pid + "-aB3dE9"}) {
    CAPTURE(name);
    put_socket(scene.make(name) + "/s");
    remove_stale_dirs(scene.dir);
    CHECK(fs::exists(scene.dir + "/" + name + "/s"));
  }
}

TEST_CASE("stale directories: one whose socket somebody still holds stays until that one is gone") {
  const Scene scene;
  const std::string name = "berth-3-" + scene.gone + "-aB3dE9";
  const std::string path = scene.make(name);
  put_socket(path + "/left");
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
    CAPTURE(type);
    Descriptor held = hold_socket(path + "/held", type);
    if (type != SOCK_DGRAM) REQUIRE(::listen(held.get(), 1) == 0);
    remove_stale_dirs(scene.dir);
    CHECK(fs::exists(path + "/held"));
    CHECK(fs::exists(path + "/left"));
    held.reset();
    fs::remove(path + "/held");
  }
  remove_stale_dirs(scene.dir);
  CHECK_FALSE(scene.there(name));
}

TEST_CASE("stale directories: what is not only sockets, or not berth's alone, stays") {
  const Scene scene;
  const std::string name = "berth-3-" + scene.gone + "-aB3dE9";
  const std::string path = scene.make(name);
  SUBCASE("a file lies beside the socket") {
    put_socket(path + "/s");
    std::ofstream(path + "/notes") << "dear";
    remove_stale_dirs(scene.dir);
    CHECK(fs::exists(path + "/notes"));
    CHECK(fs::exists(path + "/s"));
  }
  SUBCASE("a directory lies in it") {
    fs::create_directory(path + "/more");
    remove_stale_dirs(scene.dir);
    CHECK(fs::exists(path + "/more"));
  }
  SUBCASE("others may come in") {
    ::chmod(path.c_str(), 0755);
    remove_stale_dirs(scene.dir);
    CHECK(fs::exists(path));
  }
  SUBCASE("it is another user's") {
    CHECK_FALSE(remove_stale_dir(scene.dir, name, ::geteuid() + 1));
    CHECK(fs::exists(path));
  }
  SUBCASE("somebody holds it who is not seen here, as in another container") {
    const int held = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(::flock(held, LOCK_SH) == 0);
    remove_stale_dirs(scene.dir);
    CHECK(fs::exists(path));
    ::close(held);
    remove_stale_dirs(scene.dir);
    CHECK_FALSE(fs::exists(path));
  }
  SUBCASE("it is a link") {
    fs::rename(path, scene.dir + "/elsewhere");
    put_socket(scene.dir + "/elsewhere/s");
    fs::create_symlink("elsewhere", path);
    remove_stale_dirs(scene.dir);
    CHECK(scene.there(name));
    CHECK(fs::exists(scene.dir + "/elsewhere/s"));
  }
}

TEST_CASE("private directory: goes with what lies in it, unless its name leads to another") {
  const Scene scene;
  std::string path;
  {
    const PrivateDir made = PrivateDir::make(scene.dir, 7);
    path = made.path();
    REQUIRE(path.starts_with(scene.dir + "/berth-7-" + std::to_string(::getpid()) + "-"));
    put_socket(path + "/s");
    std::ofstream(path + "/s.lock") << "1";
  }
  CHECK_FALSE(fs::exists(path));
  {
    const PrivateDir made = PrivateDir::make(scene.dir, 8);
    path = made.path();
    fs::rename(path, path + ".moved");
    fs::create_directory(path);
    std::ofstream(path + "/dear") << "1";
  }
  CHECK(fs::exists(path + "/dear"));
}

}  // namespace berth::backend
