#include "backend/command.h"

#include <doctest/doctest.h>
#include <pwd.h>
#include <unistd.h>

#include <array>

#include "backend/backend.h"
#include "config/port_mode.h"

using namespace berth;
using namespace berth::backend;

namespace {
const auto kTold = Endpoint::loopback_v4(41507);
}

TEST_CASE("command: {port} and {host} are replaced, other braces stay") {
  CHECK(fill_in("--port={port} --bind {host}:{port}", kTold) == "--port=41507 --bind 127.0.0.1:41507");
  CHECK(fill_in("{\"a\": {}} {Port} {x} {{port}} {fd}", kTold) == "{\"a\": {}} {Port} {x} {port} 3");
}

TEST_CASE("command: the environment drops what misleads servers and adds berth's own") {
  LaunchSpec spec;
  spec.app = "web";
  spec.generation = Generation{7};
  spec.env = {{"URL", "http://{host}:{port}/{x}"}, {"HOME", "/nowhere"}};
  spec.control_path = "/run/c.sock";
  std::array<const char*, 10> inherited{"HOME=/root",
                                        "LISTEN_FDS=1",
                                        "LISTEN_PID=2",
                                        "NOTIFY_SOCKET=/n",
                                        "WERKZEUG_RUN_MAIN=1",
                                        "WERKZEUG_SERVER_FD=3",
                                        "BERTH_CONTROL=/other",
                                        "PORT=1",
                                        "A=b=c",
                                        nullptr};
  auto env = child_environment(spec, PortMode::Lease, kTold, inherited.data());
  std::map<std::string, std::string> expected{
      {"HOME", "/nowhere"},      {"URL", "http://127.0.0.1:41507/{x}"},
      {"PORT", "41507"},         {"A", "b=c"},
      {"PYTHONUNBUFFERED", "1"}, {"BERTH_APP", "web"},
      {"BERTH_GENERATION", "7"}, {"BERTH_CONTROL", "/run/c.sock"}};
  CHECK(env == expected);
}

TEST_CASE("command: a server below a path is told of it, and none by an outer berth") {
  LaunchSpec spec;
  const char* inherited[] = {"BERTH_BASE=/outer", nullptr};
  const auto environment = [&] {
    return child_environment(spec, PortMode::Lease, kTold, const_cast<char**>(inherited));
  };
  CHECK_FALSE(environment().contains("BERTH_BASE"));
  spec.base = "/demo";
  CHECK(environment().at("BERTH_BASE") == "/demo");
}

TEST_CASE("command: every placeholder is filled in, by what its mode hands over") {
  CHECK(fill_in("{host}:{port} {fd} {socket} {name} {", kTold) == "127.0.0.1:41507 3  {name} {");
  CHECK(fill_in("unix:{socket}", Endpoint::unix_path("/run/s")) == "unix:/run/s");
}

TEST_CASE("command: a descriptor is announced as sd_listen_fds(3) has it, and a path needs no PORT") {
  LaunchSpec spec;
  spec.app = "web";
  auto with_fd = child_environment(spec, PortMode::Fd, kTold, nullptr);
  CHECK(with_fd["LISTEN_FDS"] == "1");
  CHECK(with_fd["LISTEN_FDNAMES"] == "web");
  auto by_path = child_environment(spec, PortMode::Unix, Endpoint::unix_path("/run/s"), nullptr);
  CHECK_FALSE(by_path.contains("PORT"));
  CHECK_FALSE(by_path.contains("LISTEN_FDS"));
}

TEST_CASE("command: another user's home and name, nothing of our session, and no way to command berth") {
  LaunchSpec spec;
  spec.user = "nobody";
  spec.control_path = "/run/c.sock";
  spec.env = {{"XDG_DATA_HOME", "/srv/data"}};
  std::array<const char*, 24> inherited{"HOME=/root",
                                        "USER=root",
                                        "XDG_RUNTIME_DIR=/run/user/0",
                                        "XDG_CONFIG_HOME=/root/.config",
                                        "XDG_DATA_HOME=/root/.local/share",
                                        "XDG_SESSION_ID=3",
                                        "MAIL=/var/mail/root",
                                        "SSH_AUTH_SOCK=/tmp/ssh-x/agent.1",
                                        "SUDO_USER=somebody",
                                        "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus",
                                        "KRB5CCNAME=/tmp/krb5cc_0",
                                        "USERNAME=root",
                                        "DBUS_STARTER_ADDRESS=unix:path=/run/user/0/bus",
                                        "DBUS_STARTER_BUS_TYPE=session",
                                        "DOAS_USER=somebody",
                                        "PKEXEC_UID=1000",
                                        "GNOME_KEYRING_CONTROL=/run/user/0/keyring",
                                        "WAYLAND_DISPLAY=wayland-0",
                                        "TMUX=/tmp/tmux-0/default,1,0",
                                        "STY=1.pts-0.host",
                                        "GPG_TTY=/dev/pts/0",
                                        "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/bus",
                                        "DATABASE_URL=postgres:///x",
                                        nullptr};
  const auto env = child_environment(spec, PortMode::Lease, kTold, inherited.data());
  std::map<std::string, std::string> expected{
      {"USER", "nobody"},
      {"LOGNAME", "nobody"},
      {"DATABASE_URL", "postgres:///x"},
      {"PORT", "41507"},
      {"PYTHONUNBUFFERED", "1"},
      {"BERTH_APP", ""},
      {"BERTH_GENERATION", "0"},
      {"XDG_DATA_HOME", "/srv/data"},
      {"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/dbus/bus"},
  };
  CHECK(env.at("HOME") != "/root");
  CHECK(env.contains("SHELL"));
  auto rest = env;
  rest.erase("HOME");
  rest.erase("SHELL");
  CHECK(rest == expected);
}

TEST_CASE("command: berth's own user by name keeps its session, and the way to berth") {
  const passwd* self = ::getpwuid(::geteuid());
  REQUIRE(self != nullptr);
  LaunchSpec spec;
  spec.user = self->pw_name;
  spec.control_path = "/run/c.sock";
  std::array<const char*, 2> inherited{"XDG_CONFIG_HOME=/somewhere", nullptr};
  const auto env = child_environment(spec, PortMode::Lease, kTold, inherited.data());
  CHECK(env.contains("XDG_CONFIG_HOME"));
  CHECK(env.at("BERTH_CONTROL") == "/run/c.sock");
}

TEST_CASE("command: PYTHONUNBUFFERED stays as the user has set it") {
  LaunchSpec spec;
  std::array<const char*, 2> inherited{"PYTHONUNBUFFERED=", nullptr};
  CHECK(child_environment(spec, PortMode::Lease, kTold, inherited.data())["PYTHONUNBUFFERED"].empty());
}

TEST_CASE("command: without a control path BERTH_CONTROL of an outer berth is not passed on") {
  LaunchSpec spec;
  std::array<const char*, 2> inherited{"BERTH_CONTROL=/outer", nullptr};
  CHECK_FALSE(child_environment(spec, PortMode::Lease, kTold, inherited.data()).contains("BERTH_CONTROL"));
}

TEST_CASE("command: the search follows the child's PATH and says where it looked") {
  CHECK(find_command("sh", "", {{"PATH", "/nowhere:/bin"}}).program == "/bin/sh");
  CHECK(find_command("sh", "/", {{"PATH", "bin"}}).program == "bin/sh");
  CHECK(find_command("sh", "/", {{"PATH", "/bin:/nowhere:bin:"}}).others ==
        std::vector<std::string>{"bin/sh"});
  CHECK(find_command("uvicorm", "", {{"PATH", "/bin:/sbin"}}).failure ==
        "uvicorm: no such file in PATH /bin:/sbin");
  CHECK(find_command("./nothing", "/usr", {}).failure == "./nothing: no such file (in /usr)");
  CHECK(find_command("/etc/passwd", "", {})
            .failure.starts_with("/etc/passwd: permission denied; it is a file"));
  CHECK(find_command("/etc", "", {}).failure == "/etc: is a directory");
}

TEST_CASE("command: a directory that cannot be used is named") {
  CHECK(directory_failure("").empty());
  CHECK(directory_failure("/").empty());
  CHECK(directory_failure("/nowhere/at/all") == "directory /nowhere/at/all: no such directory");
  CHECK(directory_failure("/etc/passwd") == "directory /etc/passwd: not a directory");
}
