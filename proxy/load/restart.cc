#include "proxy/load/restart.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <csignal>
#include <cstring>

#include "config/json_text.h"
#include "proxy/control/client.h"
#include "proxy/control/json_map.h"
#include "proxy/control/json_read.h"

namespace berth::load_verb {
namespace {

namespace json = boost::json;
using load::Restart;

constexpr int kTickMs = 100;
constexpr int kTicksBeforeKill = 20;

/// The last line of what was written to `fd`.
std::string last_line(int fd) {
  std::array<char, 4096> text{};
  const off_t size = ::lseek(fd, 0, SEEK_END);
  const off_t from = size > static_cast<off_t>(text.size()) ? size - static_cast<off_t>(text.size()) : 0;
  const ssize_t n = ::pread(fd, text.data(), text.size(), from);
  std::string all(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!all.empty() && (all.back() == '\n' || all.back() == '\r')) all.pop_back();
  const auto line = all.rfind('\n');
  return line == std::string::npos ? all : all.substr(line + 1);
}

std::string end_text(int status) {
  if (WIFSIGNALED(status)) return std::string("ended by signal ") + ::strsignal(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

/// Waits for the child; its status.
int wait_for(pid_t child, const Tick& tick) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  pollfd ended{handle, POLLIN, 0};
  int asked = 0;
  while (handle >= 0 && ::poll(&ended, 1, kTickMs) <= 0) {
    const Patience patience = tick();
    if (patience == Patience::Waits) continue;
    if (asked == 0) ::kill(child, SIGTERM);
    if (asked++ == kTicksBeforeKill || patience == Patience::Insists) ::kill(child, SIGKILL);
  }
  if (handle >= 0) ::close(handle);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

Restart ask_for_swap(const std::string& socket, const std::string& app, const Tick& tick) {
  Restart restart;
  std::string outcome;
  control::Following following;
  following.on_line = [&](std::string_view line) {
    json::error_code error;
    const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
    if (error || !value.is_object()) return;
    const auto* event = value.get_object().if_contains("event");
    if (event == nullptr || !event->is_string()) return;
    if (event->get_string() == "phase") {
      const auto phase = control::phase_from(value);
      if (phase && phase->state == observe::PhaseState::Done)
        restart.phases.emplace_back(control::word(phase->name), phase->took);
    } else if (event->get_string() == "result") {
      const auto result = control::outcome_from(value);
      restart.ok = result && result->exit_code == 0;
      if (result && !restart.ok) outcome = result->result.reason;
    }
  };
  following.given_up = [&] { return tick() != Patience::Waits; };
  const auto result = control::call(
      socket, {"POST", "/v1/apps/" + app + "/swap", json_text(control::to_json(control::SwapRequest{}))},
      following);
  if (restart.ok) return restart;
  switch (result.end) {
    case control::CallEnd::Complete:
      restart.message = result.status == 200 ? outcome : "the berth refused: " + result.body;
      break;
    case control::CallEnd::Interrupted:
      restart.message = "the run was ended meanwhile";
      break;
    default:
      restart.message = "the berth does not answer: " + result.error;
  }
  return restart;
}

Restart run_command(const std::vector<std::string>& command, const Tick& tick) {
  Restart restart;
  restart.command = true;
  const int output = ::memfd_create("berth-load-command", MFD_CLOEXEC);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  // What this program ignores is no business of the command's.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t ignored;
  sigemptyset(&ignored);
  sigaddset(&ignored, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &ignored);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, words.front(), &actions, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    restart.message = "cannot run " + command.front() + ": " + std::strerror(error);
  } else {
    const int status = wait_for(child, tick);
    restart.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!restart.ok) {
      const std::string said = last_line(output);
      restart.message = end_text(status) + (said.empty() ? "" : ": " + said);
    }
  }
  if (output >= 0) ::close(output);
  return restart;
}

}  // namespace berth::load_verb
