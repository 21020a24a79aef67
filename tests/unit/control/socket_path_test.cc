#include "proxy/control/socket_path.h"
#include "proxy/control/find_berth.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/unit/control/socket_world.h"

namespace berth::control {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777U : 0;
}

}  // namespace

TEST_CASE("socket: lies in a directory of ours by the name of the address, open to nobody else") {
  World world;
  std::string path;
  {
    ControlSocket socket = world.make();
    path = socket.path();
    CHECK(path == world.dir + "/berth-" + std::to_string(geteuid()) + "/berth/127.0.0.1:8000.sock");
    CHECK(mode_of(path) == 0600);
    CHECK(mode_of(std::filesystem::path(path).parent_path()) == 0700);
    CHECK(mode_of(std::filesystem::path(path).parent_path().parent_path()) == 0700);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("socket: XDG_RUNTIME_DIR comes first, --control before it, and BERTH_CONTROL is another berth's") {
  World world;
  world.around.xdg_runtime_dir = world.dir + "/run";
  std::filesystem::create_directory(world.dir + "/run");
  CHECK(world.make().path() == world.dir + "/run/berth/127.0.0.1:8000.sock");
  world.around.berth_control = world.dir + "/env.sock";
  CHECK(world.make().path() == world.dir + "/run/berth/127.0.0.1:8000.sock");
  CHECK(world.make(world.dir + "/option.sock").path() == world.dir + "/option.sock");
}

TEST_CASE("socket: XDG_RUNTIME_DIR counts only if it is a directory of this user") {
  World world;
  const char* before = std::getenv("XDG_RUNTIME_DIR");
  const std::optional<std::string> kept =
      before == nullptr ? std::nullopt : std::optional<std::string>(before);
  const auto taken = [](const std::string& path) {
    ::setenv("XDG_RUNTIME_DIR", path.c_str(), 1);
    return Surroundings::of_process().xdg_runtime_dir;
  };
  CHECK(taken(world.dir) == world.dir);
  CHECK_FALSE(taken(""));
  CHECK_FALSE(taken(world.dir + "/missing"));
  std::ofstream(world.dir + "/file") << "x";
  CHECK_FALSE(taken(world.dir + "/file"));
  // Root's own is "/"; what root gives away is another's.
  std::string anothers = "/";
  if (geteuid() == 0) {
    anothers = world.dir + "/anothers";
    std::filesystem::create_directory(anothers);
    REQUIRE(chown(anothers.c_str(), 65534, 65534) == 0);
  }
  CHECK_FALSE(taken(anothers));
  if (kept) ::setenv("XDG_RUNTIME_DIR", kept->c_str(), 1);
  if (!kept) ::unsetenv("XDG_RUNTIME_DIR");
}

TEST_CASE("socket: its directory under XDG_RUNTIME_DIR is made for this user alone, or refused") {
  World world;
  world.around.xdg_runtime_dir = world.dir;
  const std::string inner = world.dir + "/berth";
  CHECK(world.fault().empty());
  CHECK(mode_of(inner) == 0700);
  chmod(inner.c_str(), 0750);
  CHECK(has(world.fault(), inner + " is open to other users (chmod 700 "));
  chmod(inner.c_str(), 0700);
  world.around.uid += 1;
  CHECK(has(world.fault(), "belongs to user"));
}

TEST_CASE("discovery: under XDG_RUNTIME_DIR too only what this user alone may write to is looked into") {
  World world;
  world.around.xdg_runtime_dir = world.dir;
  auto nobody = [](const std::string&) { return std::optional<Candidate>(); };
  const ControlSocket socket = world.make();
  REQUIRE(find_control({}, "/", world.around, nobody).path == socket.path());
  chmod(world.dir.c_str(), 0770);
  CHECK(find_control({}, "/", world.around, nobody).exit_code == 3);
  chmod(world.dir.c_str(), 0700);
  world.around.uid += 1;
  CHECK(find_control({}, "/", world.around, nobody).exit_code == 3);
}

TEST_CASE("socket: a directory that is open, a link or not ours is refused with what to do") {
  World world;
  std::string outer = world.dir + "/berth-" + std::to_string(geteuid());
  std::filesystem::create_directory(outer);
  chmod(outer.c_str(), 0755);
  CHECK(has(world.fault(), "chmod 700"));
  chmod(outer.c_str(), 0700);
  std::filesystem::create_directory(world.dir + "/elsewhere");
  std::filesystem::create_directory_symlink(world.dir + "/elsewhere", outer + "/berth");
  CHECK(has(world.fault(), "not a directory of ours"));
  std::filesystem::remove(outer + "/berth");
  CHECK(world.fault().empty());
  world.around.uid += 1;
  CHECK(has(world.fault(), "belongs to user"));
}

TEST_CASE("socket: a dead one is replaced, a live one is not, another file never") {
  World world;
  std::string path = world.dir + "/c.sock";
  {
    // What a berth leaves behind that was killed: a file that nobody listens on.
    int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::close(fd);
  }
  ControlSocket socket = world.make(path);
  CHECK(has(world.fault(path), "a berth already answers on"));
  std::ofstream(world.dir + "/file") << "precious";
  CHECK(has(world.fault(world.dir + "/file"), "is no socket"));
  CHECK(std::filesystem::file_size(world.dir + "/file") == 8);
}

TEST_CASE("socket: one that was replaced is left to its new owner") {
  World world;
  std::string path = world.dir + "/c.sock";
  {
    ControlSocket first = world.make(path);
    ::close(first.release_fd());
    ControlSocket second = world.make(path);
    ::close(second.release_fd());
    CHECK(std::filesystem::exists(path));
    ControlSocket moved(std::move(first));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("socket: a path that no socket can have is an error") {
  World world;
  CHECK(has(world.fault(world.dir + "/" + std::string(120, 'x')), "longer than 107 bytes"));
  CHECK(has(world.fault(world.dir + "/missing/c.sock"), "No such file"));
  CHECK(socket_file_name("unix:/a/b") == "unix:_a_b.sock");
}

TEST_CASE("socket: a given path whose directory others may write to is refused") {
  World world;
  chmod(world.dir.c_str(), 0777);
  CHECK(has(world.fault(world.dir + "/c.sock"), "other users may write to " + world.dir));
  world.around.berth_control = world.dir + "/e.sock";
  CHECK(world.fault(world.dir + "/c.sock").ends_with(": --control PATH says another place"));
  auto nobody = [](const std::string&) { return std::optional<Candidate>(); };
  CHECK(has(find_control({}, "/", world.around, nobody).error, "(from $BERTH_CONTROL)"));
  chmod(world.dir.c_str(), 01777);
  CHECK(world.fault(world.dir + "/c.sock").empty());
  chmod(world.dir.c_str(), 0700);
  CHECK(has(world.fault(world.dir + "/missing/c.sock"), "/missing/c.sock: No such file"));
}

TEST_CASE("socket: every directory above it is judged, and every link on the way") {
  World world;
  const std::string open = world.dir + "/open";
  const std::string own = open + "/own";
  std::filesystem::create_directories(own);
  chmod(own.c_str(), 0700);
  chmod(open.c_str(), 0777);
  CHECK(has(world.fault(own + "/c.sock"), "other users may write to " + open + ","));
  chmod(open.c_str(), 01777);
  CHECK(world.fault(own + "/c.sock").empty());
  chmod(open.c_str(), 0755);
  CHECK(world.fault(own + "/c.sock").empty());
  // The link may be turned to another directory.
  const std::string links = world.dir + "/links";
  std::filesystem::create_directory(links);
  std::filesystem::create_directory_symlink(own, links + "/way");
  CHECK(world.fault(links + "/way/c.sock").empty());
  chmod(links.c_str(), 0777);
  CHECK(has(world.fault(links + "/way/c.sock"), "other users may write to " + links));
  if (geteuid() != 0) return;
  chmod(links.c_str(), 0755);
  REQUIRE(chown(open.c_str(), 65534, 65534) == 0);
  for (const std::string& way : {own, links + "/way"})
    CHECK(has(world.fault(way + "/c.sock"), open + " belongs to user 65534"));
  // Under XDG_RUNTIME_DIR as well.
  world.around.xdg_runtime_dir = own;
  CHECK(has(world.fault(), open + " belongs to user 65534"));
}

TEST_CASE("socket: a link that another link leads to is judged as the first one is") {
  World world;
  const std::string own = world.dir + "/own/below";
  const std::string shared = world.dir + "/shared";
  std::filesystem::create_directories(own);
  std::filesystem::create_directory(shared);
  std::filesystem::create_directory_symlink("../own", shared + "/inner");
  std::filesystem::create_directory_symlink("shared/inner", world.dir + "/outer");
  const std::string path = world.dir + "/outer/below/c.sock";
  CHECK(world.fault(path).empty());
  chmod(shared.c_str(), 0777);
  CHECK(has(world.fault(path), "other users may write to " + shared + ","));
  chmod(shared.c_str(), 0755);
  // A link that leaves a directory again leaves its links where others could turn them.
  std::filesystem::create_directory_symlink("shared/inner/../own", world.dir + "/detour");
  CHECK(world.fault(world.dir + "/detour/below/c.sock").empty());
  chmod(shared.c_str(), 0777);
  CHECK(has(world.fault(world.dir + "/detour/below/c.sock"), "other users may write to " + shared + ","));
  if (geteuid() != 0) return;
  chmod(shared.c_str(), 0755);
  REQUIRE(lchown((shared + "/inner").c_str(), 65534, 65534) == 0);
  CHECK(has(world.fault(path), shared + "/inner belongs to user 65534"));
}

TEST_CASE("socket: a directory that somebody has locked is refused after a while, with a word") {
  World world;
  const std::string path = world.dir + "/c.sock";
  ControlSocket socket = world.make(path);
  const int held = ::open(world.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::flock(held, LOCK_SH) == 0);
  CHECK(has(world.fault(world.dir + "/d.sock"), "another process holds a lock (flock) on " + world.dir));
  // On the loop nothing is waited for.
  std::filesystem::remove(path);
  std::string trouble;
  CHECK_FALSE(socket.renew(trouble));
  CHECK(has(trouble, "another process holds a lock"));
  ::close(held);
  CHECK(socket.renew(trouble));
}

TEST_CASE("discovery: a directory that others may write to, or that is another's, is passed over") {
  World world;
  auto nobody = [](const std::string&) { return std::optional<Candidate>(); };
  ControlSocket socket = world.make();
  const std::string inner = std::filesystem::path(socket.path()).parent_path().string();
  REQUIRE(find_control({}, "/", world.around, nobody).path == socket.path());
  chmod(inner.c_str(), 0770);
  CHECK(find_control({}, "/", world.around, nobody).exit_code == 3);
  chmod(inner.c_str(), 0700);
  chmod(std::filesystem::path(inner).parent_path().c_str(), 0722);
  CHECK(find_control({}, "/", world.around, nobody).exit_code == 3);
  chmod(std::filesystem::path(inner).parent_path().c_str(), 0700);
  CHECK(find_control({}, "/", world.around, nobody).path == socket.path());
}

TEST_CASE("discovery: none, one, the one around the caller, or a list") {
  Candidate site{"/run/a.sock", "/srv/site", "web on 127.0.0.1:8000"};
  Candidate other{"/run/b.sock", "/srv/other", "web on 127.0.0.1:9000"};
  Candidate inner{"/run/c.sock", "/srv/site/api", "api on 127.0.0.1:9001"};
  CHECK(choose({}, "/srv").exit_code == 3);
  CHECK(choose({other}, "/nowhere").path == "/run/b.sock");
  CHECK(choose({site, other}, "/srv/site/static").path == "/run/a.sock");
  CHECK(choose({site, other}, "/srv/other").path == "/run/b.sock");
  CHECK(choose({inner, site}, "/srv/site/api/x").path == "/run/c.sock");
  CHECK(choose({site, inner}, "/srv/site/api/x").path == "/run/c.sock");
  Found several = choose({site, other}, "/srv/site2");
  CHECK(several.exit_code == 2);
  CHECK(has(several.error, "--control /run/a.sock"));
  CHECK(has(several.error, "web on 127.0.0.1:9000, in /srv/other"));
  CHECK(choose({site, site}, "/srv/site").exit_code == 2);
}

TEST_CASE("discovery: an app or an address that only one berth has finds it") {
  const auto app = [](const std::string& name, const std::string& address) {
    AppStatus status;
    status.name = name;
    status.addresses = {address};
    return status;
  };
  const std::vector<Candidate> live{
      {"/run/a.sock", "/srv/a", "", {app("web", "127.0.0.1:8000"), app("api", "127.0.0.1:8000")}},
      {"/run/b.sock", "/srv/b", "", {app("web", "127.0.0.1:9000")}},
      {"/run/c.sock", "/srv/c", "", {app("shop", "0.0.0.0:7000"), app("site", "unix:/run/site.sock")}}};
  CHECK(choose(live, "/elsewhere", "api").path == "/run/a.sock");
  CHECK(choose(live, "/elsewhere", "shop").path == "/run/c.sock");
  CHECK(choose(live, "/elsewhere", "127.0.0.1:9000").path == "/run/b.sock");
  CHECK(choose(live, "/elsewhere", "localhost:9000").path == "/run/b.sock");
  CHECK(choose(live, "/elsewhere", "8000").path == "/run/a.sock");
  CHECK(choose(live, "/elsewhere", "192.0.2.1:7000").path == "/run/c.sock");
  CHECK(choose(live, "/elsewhere", "unix:/run/site.sock").path == "/run/c.sock");
  // Two have it: the directory decides, or nothing does.
  CHECK(choose(live, "/srv/b/x", "web").path == "/run/b.sock");
  CHECK(choose(live, "/elsewhere", "web").exit_code == 2);
  // The one around the caller has it not, and another has.
  CHECK(choose(live, "/srv/b", "api").path == "/run/a.sock");
  CHECK(choose(live, "/srv/b", "nosuch").path == "/run/b.sock");
  CHECK(has(choose(live, "/elsewhere", "nosuch").error, "name an app or an address that only one has"));
}

TEST_CASE("discovery: root is shown the berths of others, and told of them") {
  if (geteuid() != 0) {
    MESSAGE("skipped: only root has others' sockets");
    return;
  }
  World world;
  chmod(world.dir.c_str(), 01777);
  const std::string outer = world.dir + "/berth-65534";
  std::filesystem::create_directories(outer + "/berth");
  chmod(outer.c_str(), 0700);
  chmod((outer + "/berth").c_str(), 0700);
  const loop::UnixListener theirs = loop::listen_unix(outer + "/berth/127.0.0.1:8000.sock", 0600, 8);
  REQUIRE(theirs.error == 0);
  for (const std::string& each : {outer + "/berth", outer}) REQUIRE(chown(each.c_str(), 65534, 65534) == 0);
  world.around.runtime_dirs = world.dir + "/none";
  const auto live = live_sockets(world.around);
  REQUIRE(live.size() == 1);
  CHECK(live[0].uid == 65534);
  CHECK(live[0].path == outer + "/berth/127.0.0.1:8000.sock");
  auto nobody = [](const std::string&) { return std::optional<Candidate>(); };
  const Found found = find_control({}, "/", world.around, nobody);
  CHECK(found.exit_code == 3);
  CHECK(has(found.error, "user nobody runs one: runuser -u nobody -- berth ..."));
  // Under another's name it is not looked at.
  std::filesystem::rename(outer, world.dir + "/berth-65533");
  CHECK(live_sockets(world.around).empty());
}

TEST_CASE("discovery: live sockets are found, dead files are passed over") {
  World world;
  auto nobody = [](const std::string&) { return std::optional<Candidate>(); };
  CHECK(find_control({}, "/", world.around, nobody).exit_code == 3);
  std::string path;
  {
    ControlSocket socket = world.make();
    path = socket.path();
    CHECK(find_control({}, "/", world.around, nobody).path == path);
    std::ofstream(std::filesystem::path(path).parent_path() / "dead.sock") << "";
    CHECK(find_control({}, "/", world.around, nobody).path == path);
    CHECK(find_control(path, "/", world.around, nobody).path == path);
  }
  CHECK(find_control(path, "/", world.around, nobody).exit_code == 3);
  CHECK(find_control(world.dir + "/" + std::string(120, 'x'), "/", world.around, nobody).exit_code == 2);
}

}  // namespace berth::control
