#include "config/machine_check.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <variant>

#include "config/listen_text.h"
#include "config/machine_address.h"
#include "config/program_hint.h"
#include "config/validate_parts.h"

namespace berth {
namespace {

namespace fs = std::filesystem;

/// As execvp(3) would find it in the app's directory.
bool is_found(const std::string& program, const AppConfig& app) {
  const fs::path dir(app.dir);
  if (program.find('/') != std::string::npos) return is_program(dir / program);
  const auto own = app.env.find("PATH");
  const char* inherited = std::getenv("PATH");
  const std::string search = own != app.env.end()   ? own->second
                             : inherited != nullptr ? inherited
                                                    : "/bin:/usr/bin";
  for (std::size_t begin = 0; begin <= search.size();) {
    const std::size_t end = std::min(search.find(':', begin), search.size());
    if (is_program(dir / search.substr(begin, end - begin) / program)) return true;
    begin = end + 1;
  }
  return false;
}

bool has_dir(const AppConfig& app) {
  std::error_code error;
  return app.dir.empty() || fs::is_directory(app.dir, error);
}

void check_dir(const AppConfig& app, FaultList& faults) {
  if (has_dir(app)) return;
  faults.add("app." + app.name + ".dir",
             "the dir of app '" + app.name + "', " + app.dir + ", is not a directory",
             "make it, or name another");
}

void check_user(const AppConfig& app, bool to_run, FaultList& faults) {
  if (app.user.empty()) return;
  const std::string key = "app." + app.name + ".user";
  if (::getpwnam(app.user.c_str()) == nullptr)
    faults.add(key, "there is no user '" + app.user + "' on this machine", "make it, or name another");
  else if (to_run && ::geteuid() != 0)
    faults.add(key, "only root can run the command of app '" + app.name + "' as another user",
               "leave out user, or start berth as root");
}

void check_program(const std::string& key, const std::vector<std::string>& command, const AppConfig& app,
                   FaultList& faults) {
  if (command.empty() || command.front().empty() || command.front().find('{') != std::string::npos) return;
  const std::string& program = command.front();
  if (is_found(program, app)) return;
  const bool path = program.find('/') != std::string::npos;
  // Where there is no directory, nothing is found in it.
  if (path && !has_dir(app)) return;
  const std::string hint = program_hint(program, app.dir);
  faults.add("app." + app.name + "." + key,
             path ? "'" + program + "' is not a program in " + app.dir
                  : "the program '" + program + "' is not in PATH",
             hint.empty() ? "install it, or write where it is" : hint);
}

void check_programs(const AppConfig& app, FaultList& faults) {
  check_program("command", app.command, app, faults);
  check_program("ready.exec", app.ready.exec, app, faults);
  check_program("hooks.ready", app.hooks.ready, app, faults);
  check_program("hooks.switched", app.hooks.switched, app, faults);
  check_program("hooks.released", app.hooks.released, app, faults);
  check_program("hooks.failed", app.hooks.failed, app, faults);
}

/// Of what `localhost` stands for, one has to be there.
void check_addresses(const std::string& key, const ListenText& listen, FaultList& faults) {
  const auto tell = [&](const Endpoint& endpoint, const AddressFault& fault) {
    faults.add(key, "cannot listen on " + endpoint.text() + ": " + fault.what, fault.to_do);
  };
  std::size_t absent = 0;
  for (const Endpoint& endpoint : listen.addresses) {
    const AddressFault fault = address_fault(endpoint);
    if (fault.what.empty()) continue;
    const bool by_name =
        std::find(listen.by_name.begin(), listen.by_name.end(), endpoint) != listen.by_name.end();
    if (!by_name || ++absent == listen.by_name.size()) tell(endpoint, fault);
  }
}

void check_listen(const std::string& key, const std::string& text, FaultList& faults) {
  const auto parsed = parse_listen(text);
  // What is no address has its fault already.
  if (const auto* listen = std::get_if<ListenText>(&parsed)) check_addresses(key, *listen, faults);
}

/// Each text once, at its first app.
void check_listeners(const Config& config, FaultList& faults) {
  std::set<std::string> seen;
  for (const AppConfig& app : config.apps)
    if (!app.listen.empty() && seen.insert(app.listen).second)
      check_listen("app." + app.name + ".listen", app.listen, faults);
  if (!config.front.metrics.empty()) check_listen("front.metrics", config.front.metrics, faults);
}

}  // namespace

bool is_program(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<ConfigError> machine_faults(const Config& config, const Origins& origins) {
  FaultList faults(origins);
  for (const AppConfig& app : config.apps) {
    check_user(app, true, faults);
    check_dir(app, faults);
  }
  return faults.take();
}

std::vector<ConfigError> machine_faults_to_check(const Config& config, const Origins& origins) {
  FaultList faults(origins);
  for (const AppConfig& app : config.apps) {
    check_user(app, false, faults);
    check_dir(app, faults);
    check_programs(app, faults);
  }
  check_listeners(config, faults);
  return faults.take();
}

}  // namespace berth
