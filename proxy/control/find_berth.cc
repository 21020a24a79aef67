#include "proxy/control/find_berth.h"

#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include "config/dir_names.h"
#include "config/port_mode.h"
#include "proxy/loop/unix_listener.h"

namespace berth::control {
namespace {

constexpr std::string_view kBegin =
    "\n    start one: berth run -- COMMAND; or name its socket: --control PATH";

bool contains(const std::string& outer, const std::string& inner) {
  if (outer.empty()) return false;
  if (outer == inner || outer == "/") return true;
  return inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/';
}

/// What is listened on in a directory that is `uid`'s alone, and lies in such a one.
void add_live(const std::string& directory, unsigned uid, std::vector<LiveSocket>& live) {
  const std::string outer = std::filesystem::path(directory).parent_path().string();
  if (!is_private_to(directory, uid) || !is_private_to(outer, uid)) return;
  for (const std::string& name : names_in(directory)) {
    const std::string path = directory + "/" + name;
    struct stat facts {};
    const bool ours =
        is_socket_file_name(name) && ::lstat(path.c_str(), &facts) == 0 && S_ISSOCK(facts.st_mode);
    if (ours && loop::answers(path)) live.push_back({path, uid});
  }
}

/// Of other users than root.
void add_others(const Surroundings& surroundings, std::vector<LiveSocket>& live) {
  for (const std::string& parent : {surroundings.runtime_dirs, surroundings.tmp}) {
    for (const std::string& name : names_in(parent)) {
      const std::string directory = parent + "/" + name + "/berth";
      struct stat facts {};
      if (::lstat(directory.c_str(), &facts) != 0 || facts.st_uid == surroundings.uid) continue;
      if (parent == surroundings.tmp && name != "berth-" + std::to_string(facts.st_uid)) continue;
      add_live(directory, facts.st_uid, live);
    }
  }
}

std::optional<std::pair<dev_t, ino_t>> file_at(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return std::pair(facts.st_dev, facts.st_ino);
}

/// Those that are found by their processes alone.
std::vector<LiveSocket> elsewhere(const Surroundings& surroundings, const std::vector<LiveSocket>& known) {
  std::set<std::pair<dev_t, ino_t>> files;
  for (const LiveSocket& each : known)
    if (const auto file = file_at(each.path)) files.insert(*file);
  std::vector<LiveSocket> found;
  for (LiveSocket& each : sockets_of_processes(surroundings)) {
    const auto file = file_at(each.path);
    if (file && files.insert(*file).second) found.push_back(std::move(each));
  }
  return found;
}

/// For root, who may be looking for the berth of somebody else.
std::string others_text(const Surroundings& surroundings) {
  if (surroundings.uid != 0) return {};
  std::vector<LiveSocket> others;
  add_others(surroundings, others);
  for (LiveSocket& each : elsewhere(surroundings, others))
    if (each.uid != surroundings.uid) others.push_back(std::move(each));
  std::string text;
  std::set<unsigned> told;
  for (const LiveSocket& each : others) {
    if (!told.insert(each.uid).second) continue;
    const passwd* found = ::getpwuid(each.uid);
    text += found == nullptr ? "\n    user " + std::to_string(each.uid) + " runs one"
                             : "\n    user " + std::string(found->pw_name) + " runs one: runuser -u " +
                                   found->pw_name + " -- berth ...";
  }
  return text;
}

bool has_wanted(const Candidate& candidate, std::string_view wanted) {
  return std::any_of(candidate.served.begin(), candidate.served.end(),
                     [&](const AppStatus& app) { return is_meant(app, wanted); });
}

std::vector<Candidate> asked(const std::vector<LiveSocket>& sockets, const AskWho& ask) {
  std::vector<Candidate> live;
  for (const LiveSocket& each : sockets)
    if (auto candidate = ask(each.path)) live.push_back(std::move(*candidate));
  return live;
}

/// Nothing was named that would tell one of them, or what none of them has.
std::string unnamed_text(const std::vector<LiveSocket>& others, const std::string& wanted) {
  constexpr std::size_t kShown = 8;
  std::string text =
      wanted.empty()
          ? "no berth has its control socket in the usual place; these have it elsewhere: name one "
            "by an app or an address that only it has, or by its socket"
          : "no berth that runs here has '" + wanted + "'; there are:";
  for (std::size_t n = 0; n < others.size() && n < kShown; ++n) text += "\n    --control " + others[n].path;
  return text;
}

}  // namespace

bool is_meant(const AppStatus& app, std::string_view wanted) {
  if (app.name == wanted) return true;
  const auto asked = parse_server_address(wanted);
  if (std::holds_alternative<std::string>(asked)) return false;
  const auto& at = std::get<Endpoint>(asked);
  return std::any_of(app.addresses.begin(), app.addresses.end(), [&](const std::string& text) {
    const auto listened = Endpoint::parse(text);
    if (!listened) return false;
    const bool all = *listened == Endpoint::any_v6(at.port) ||
                     (*listened == Endpoint::any_v4(at.port) && at.family == Endpoint::Family::V4);
    return *listened == at || (all && at.family != Endpoint::Family::Unix);
  });
}

Found choose(const std::vector<Candidate>& all, const std::string& working_dir, const std::string& wanted) {
  if (all.empty()) return {{}, "no berth is running here" + std::string(kBegin), 3};
  std::vector<Candidate> live = all;
  if (!wanted.empty()) {
    std::erase_if(live, [&](const Candidate& each) { return !has_wanted(each, wanted); });
    // Whoever is left is told what there is, by the berth or by the list.
    if (live.empty()) live = all;
  }
  if (live.size() == 1) return {live.front().path, {}, 0};
  const Candidate* best = nullptr;
  bool tie = false;
  for (const Candidate& candidate : live) {
    if (!contains(candidate.dir, working_dir)) continue;
    tie = best != nullptr && best->dir.size() == candidate.dir.size();
    if (best == nullptr || candidate.dir.size() >= best->dir.size()) best = &candidate;
  }
  if (best != nullptr && !tie) return {best->path, {}, 0};
  std::string list =
      "several berths are running, and this directory does not tell which one is meant: name an app or an "
      "address that only one has, or its socket";
  for (const Candidate& candidate : live) {
    list += "\n    --control " + candidate.path + "    " + candidate.apps + ", in " + candidate.dir;
  }
  return {{}, std::move(list), 2};
}

std::vector<LiveSocket> live_sockets(const Surroundings& surroundings) {
  std::vector<LiveSocket> live;
  for (const std::string& directory : socket_directories(surroundings))
    add_live(directory, surroundings.uid, live);
  if (surroundings.uid == 0) add_others(surroundings, live);
  for (LiveSocket& each : elsewhere(surroundings, live)) live.push_back(std::move(each));
  return live;
}

Found find_control(const std::optional<std::string>& explicit_path, const std::string& working_dir,
                   const Surroundings& surroundings, const AskWho& ask, const std::string& wanted) {
  std::string named = explicit_path.value_or(surroundings.berth_control.value_or(""));
  if (!named.empty()) {
    if (named.size() > kLongestSocketPath) return {{}, "no socket has so long a path: " + named, 2};
    if (loop::answers(named)) return {named, {}, 0};
    const std::string from = explicit_path ? "" : " (from $BERTH_CONTROL)";
    return {{},
            "no berth answers on " + named + from + "\n    start one there: berth run --control " + named +
                " -- COMMAND",
            3};
  }
  std::vector<LiveSocket> own;
  for (const std::string& directory : socket_directories(surroundings))
    add_live(directory, surroundings.uid, own);
  std::vector<LiveSocket> others;
  if (own.empty() || !wanted.empty()) others = elsewhere(surroundings, own);
  std::erase_if(others, [&](const LiveSocket& each) { return each.uid != surroundings.uid; });
  // The usual case needs no question: one berth, one socket.
  if (own.size() == 1 && others.empty()) return {own.front().path, {}, 0};
  const std::vector<Candidate> live = asked(own, ask);
  const auto wants = [&](const Candidate& each) { return has_wanted(each, wanted); };
  if (!wanted.empty() && std::none_of(live.begin(), live.end(), wants)) {
    std::vector<Candidate> meant = asked(others, ask);
    std::erase_if(meant, [&](const Candidate& each) { return !wants(each); });
    if (!meant.empty()) return choose(meant, working_dir, wanted);
  }
  if (own.size() == 1) return {own.front().path, {}, 0};
  Found found = choose(live, working_dir, wanted);
  if (found.exit_code != 3) return found;
  const std::string foreign = others_text(surroundings);
  if (!others.empty()) found.error = unnamed_text(others, wanted);
  found.error += foreign;
  if (!others.empty() || !foreign.empty())
    found.error += "\n    `berth ls` lists them all, with what they serve";
  return found;
}

}  // namespace berth::control
