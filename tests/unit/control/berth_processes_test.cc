#include "proxy/control/berth_processes.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "proxy/control/find_berth.h"
#include "tests/unit/control/socket_world.h"

namespace berth::control {

TEST_CASE("discovery: a socket that --control has put elsewhere is found by its process, and by no other") {
  World world;
  const std::string path = world.dir + "/run/web.sock";
  std::filesystem::create_directories(world.dir + "/run");
  const ControlSocket socket = world.make(path);
  // What listens is this very process.
  const auto find_by = [&](const std::vector<std::string>& words, int pid = ::getpid(),
                           unsigned uid = geteuid()) {
    const std::string process = world.dir + "/proc/" + std::to_string(pid);
    std::filesystem::remove_all(world.dir + "/proc");
    std::filesystem::create_directories(process);
    std::filesystem::create_directory_symlink(world.dir + "/run", process + "/cwd");
    std::ofstream cmdline(process + "/cmdline");
    for (const std::string& word : words) cmdline << word << '\0';
    std::ofstream(process + "/status") << "Name:\tberth\nUid:\t0\t" << uid << "\t0\t0\n";
    cmdline.close();
    world.around.proc = world.dir + "/proc";
    return live_sockets(world.around);
  };
  using Words = std::vector<std::string>;
  for (const Words& words : {Words{"berth", "run", "--control", path, "--", "x"},
                             Words{"/opt/b", "run", "--control=" + path, "--", "x"},
                             Words{"berth", "--control", "web.sock", "run", "-c", "a.toml"},
                             Words{"berth", "run", "--control", "../run/web.sock"}}) {
    CAPTURE(words);
    const auto live = find_by(words);
    REQUIRE(live.size() == 1);
    CHECK(live[0].path == path);
    CHECK(live[0].uid == geteuid());
  }
  // Words of the command, another verb, another program, another process, another user.
  CHECK(find_by({"berth", "run", "--", "x", "--control", path}).empty());
  CHECK(find_by({"berth", "status", "--control", path}).empty());
  CHECK(find_by({"docker", "run", "--control-port", path}).empty());
  CHECK(find_by({"berth", "run", "--control", path}, ::getppid()).empty());
  CHECK(find_by({"berth", "run", "--control", path}, ::getpid(), geteuid() + 1).empty());
  CHECK(find_by({"berth", "run", "--control", world.dir + "/run"}).empty());
  CHECK(find_by({"berth", "run", "--control", world.dir + "/none.sock"}).empty());
  CHECK(find_by({"berth"}).empty());
  CHECK(find_by({}).empty());
}

TEST_CASE("discovery: a process without --control is looked for in the XDG_RUNTIME_DIR that it was given") {
  World world;
  const std::string runtime = world.dir + "/runtime";
  std::filesystem::create_directory(runtime);
  World its;
  its.around.xdg_runtime_dir = runtime;
  const ControlSocket socket = its.make();
  const std::string process = world.dir + "/proc/" + std::to_string(::getpid());
  std::filesystem::create_directories(process);
  std::ofstream(process + "/cmdline") << "berth" << '\0' << "run" << '\0';
  std::ofstream(process + "/environ") << "HOME=/" << '\0' << "XDG_RUNTIME_DIR=" << runtime << '\0';
  std::ofstream(process + "/status") << "Uid:\t0\t" << geteuid() << "\t0\t0\n";
  CHECK(live_sockets(world.around).empty());
  world.around.proc = world.dir + "/proc";
  const auto live = live_sockets(world.around);
  REQUIRE(live.size() == 1);
  CHECK(live[0].path == socket.path());
  // Where it lies in the usual place, too, it is one.
  world.around.xdg_runtime_dir = runtime;
  CHECK(live_sockets(world.around).size() == 1);
}

TEST_CASE("discovery: one that lies elsewhere is meant where it alone has what is named, and not otherwise") {
  World world;
  const std::string path = world.dir + "/elsewhere.sock";
  const ControlSocket elsewhere = world.make(path);
  const std::string process = world.dir + "/proc/" + std::to_string(::getpid());
  std::filesystem::create_directories(process);
  std::ofstream(process + "/cmdline") << "berth" << '\0' << "run" << '\0' << "--control=" << path << '\0';
  std::ofstream(process + "/status") << "Uid:\t0\t" << geteuid() << "\t0\t0\n";
  world.around.proc = world.dir + "/proc";
  const auto ask = [&](const std::string& asked) {
    AppStatus app;
    app.name = asked == path ? "shop" : "web";
    app.addresses = {asked == path ? "127.0.0.1:7000" : "127.0.0.1:8000"};
    return std::optional(Candidate{asked, "/srv", app.name, {app}});
  };
  CHECK(find_control({}, "/srv", world.around, ask, "shop").path == path);
  CHECK(find_control({}, "/srv", world.around, ask, "7000").path == path);
  const Found unnamed = find_control({}, "/srv", world.around, ask);
  CHECK(unnamed.exit_code == 3);
  CHECK(has(unnamed.error, "these have it elsewhere"));
  CHECK(has(unnamed.error, "--control " + path));
  const Found unknown = find_control({}, "/srv", world.around, ask, "blog");
  CHECK(unknown.exit_code == 3);
  CHECK(has(unknown.error, "no berth that runs here has 'blog'"));
  const ControlSocket usual = world.make();
  CHECK(find_control({}, "/srv", world.around, ask, "shop").path == path);
  CHECK(find_control({}, "/srv", world.around, ask, "web").path == usual.path());
  CHECK(find_control({}, "/srv", world.around, ask, "blog").path == usual.path());
  CHECK(find_control({}, "/srv", world.around, ask).path == usual.path());
}

}  // namespace berth::control
