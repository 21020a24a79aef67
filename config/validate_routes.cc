#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include "config/path_text.h"
#include "config/ready_text.h"
#include "config/validate_parts.h"

namespace berth {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/// An exact name, an address, or "*.suffix". What is wrong; empty: nothing.
std::string host_fault(const std::string& host) {
  const std::string quoted = "'" + host + "'";
  if (host == "*") return quoted + " is every host; write no host at all for that";
  std::string_view name = host;
  if (name.starts_with("*.")) name.remove_prefix(2);
  if (name.starts_with("[")) return name.ends_with("]") ? "" : quoted + " is not a host";
  if (name.find('*') != std::string_view::npos)
    return quoted + ": a * stands alone at the beginning, as in *.example.org";
  const auto colon = name.find(':');
  if (colon != std::string_view::npos)
    return quoted + " is named with its port; write " + host.substr(0, host.find(':'));
  const bool fits = !name.empty() && name.front() != '.' && name.back() != '.' &&
                    name.find("..") == std::string_view::npos &&
                    std::all_of(name.begin(), name.end(), is_host_character);
  return fits ? "" : quoted + " is not a host";
}

std::string path_fault(const std::string& path) {
  const std::string quoted = "'" + path + "'";
  if (!path.starts_with("/")) return quoted + " does not begin with a slash; write /" + path;
  if (path.find("//") != std::string::npos || path.find("/./") != std::string::npos ||
      path.find("/../") != std::string::npos)
    return quoted + ": a path has no empty segments, and no . or ..";
  const bool plain = std::all_of(
      path.begin(), path.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#'; });
  return plain ? "" : quoted + ": a path has no blanks, no ? and no #";
}

void lower(std::string& text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
}

void check_place(AppConfig& app, FaultList& faults) {
  const std::string key = "app." + app.name;
  for (std::string& host : app.hosts) {
    lower(host);
    if (std::string wrong = host_fault(host); !wrong.empty()) faults.add(key + ".host", wrong);
  }
  if (std::string wrong = path_fault(app.path); !wrong.empty()) faults.add(key + ".path", wrong);
  if (app.path.size() > 1 && app.path.ends_with("/")) app.path.pop_back();
  if (app.strip && app.path == "/")
    faults.add(key + ".strip", "there is nothing to strip from /", "write path, or leave out strip");
  const bool routed = !app.hosts.empty() || app.path != "/" || app.strip;
  const bool nowhere = app.listen.empty() && !faults.unread(key + ".listen");
  if (nowhere && routed)
    faults.add(key, "app '" + app.name + "' has a host or a path, and nothing to listen on",
               R"(write listen = "127.0.0.1:8000")");
  if (app.mode == AppMode::Tcp && routed)
    faults.add(key + ".mode", "bytes have no host and no path", "leave them out with mode = \"tcp\"");
  if (app.mode == AppMode::Tcp && nowhere)
    faults.add(key + ".mode", "mode = \"tcp\" needs an address to listen on", "write listen");
  if (app.mode == AppMode::Tcp && !app.ready.warm.empty())
    faults.add(key + ".ready.warm", "warm is for HTTP", "leave it out with mode = \"tcp\"");
}

/// Finds two apps whose requests nobody could tell apart, in one look at each.
class Collisions {
 public:
  explicit Collisions(FaultList& faults) : faults_(faults) {}

  void add(const AppConfig& app) {
    const bool bytes = app.mode == AppMode::Tcp;
    const auto other = bytes ? any_.find(app.listen) : bytes_.find(app.listen);
    if (other != (bytes ? any_ : bytes_).end()) return tell_bytes(app, *other->second);
    any_.emplace(app.listen, &app);
    if (bytes) bytes_.emplace(app.listen, &app);
    if (app.hosts.empty()) return add_way(app, "", app.path);
    for (const std::string& host : app.hosts) add_way(app, host, host + app.path);
  }

 private:
  using Way =
      std::tuple<std::string_view, std::string, std::string_view>;  ///< listen, path in one spelling, host

  std::string named(const AppConfig& other) const {
    const std::string there = faults_.place("app." + other.name);
    return "'" + other.name + "'" + (there.empty() ? "" : " (" + there + ")");
  }

  void tell_bytes(const AppConfig& app, const AppConfig& other) {
    faults_.add("app." + app.name + ".listen",
                named(other) + " already listens on " + app.listen + ", and bytes cannot be told apart",
                "give each its own address");
  }

  void add_way(const AppConfig& app, std::string_view host, const std::string& what) {
    const auto [way, added] = ways_.emplace(Way(app.listen, one_spelling(app.path), host), &app);
    if (added || way->second == &app || told_ == &app) return;
    told_ = &app;
    faults_.add("app." + app.name,
                "app '" + app.name + "' answers the same requests as " + named(*way->second) + ": " + what +
                    " on " + app.listen,
                "give one of them another path, a host or an address");
  }

  FaultList& faults_;
  std::map<std::string_view, const AppConfig*> any_,
      bytes_;  ///< by `listen`: the first app, the first of bytes
  std::map<Way, const AppConfig*> ways_;
  const AppConfig* told_ = nullptr;  ///< one fault is enough of an app
};

/// The apps that each waits for; finds those that wait for themselves.
class StartOrder {
 public:
  explicit StartOrder(const std::map<std::string, const AppConfig*>& by_name) : by_name_(by_name) {}

  /// An app on a circle that `app` leads to; nullptr: there is none.
  const AppConfig* circle(const AppConfig& app) {
    auto& state = states_[&app];
    if (state == State::Entered) return &app;
    if (state == State::Left) return nullptr;
    state = State::Entered;
    for (const std::string& name : app.after) {
      const auto next = by_name_.find(name);
      const AppConfig* found = next == by_name_.end() ? nullptr : circle(*next->second);
      if (found != nullptr) return found;
    }
    states_[&app] = State::Left;
    return nullptr;
  }

 private:
  enum class State : std::uint8_t { New, Entered, Left };
  const std::map<std::string, const AppConfig*>& by_name_;
  std::map<const AppConfig*, State> states_;
};

}  // namespace

void check_routes(Config& config, FaultList& faults) {
  for (AppConfig& app : config.apps) check_place(app, faults);
  Collisions collisions(faults);
  for (const AppConfig& app : config.apps)
    if (!app.listen.empty()) collisions.add(app);
}

void check_start_order(const Config& config, FaultList& faults) {
  std::map<std::string, const AppConfig*> by_name;
  for (const AppConfig& app : config.apps) by_name[app.name] = &app;
  for (const AppConfig& app : config.apps) {
    for (const std::string& name : app.after) {
      if (by_name.contains(name)) continue;
      if (faults.full()) return;
      std::vector<std::string> names;
      names.reserve(by_name.size());
      for (const auto& [known, unused] : by_name) names.push_back(known);
      const std::string near = nearest_word(name, names);
      faults.add("app." + app.name + ".after", "there is no app '" + name + "'",
                 near.empty() ? "after names apps of this file" : "did you mean '" + near + "'?");
    }
  }
  StartOrder order(by_name);
  for (const AppConfig& app : config.apps) {
    const AppConfig* found = order.circle(app);
    if (found == nullptr) continue;
    faults.add("app." + found->name + ".after", "app '" + found->name + "' would wait for itself",
               "take one of these apps out of after");
    return;
  }
}

void check_watch(const std::string& key, const AppConfig& app, FaultList& faults) {
  using Kind = ReadyConfig::Kind;
  const bool repeats =
      app.ready.kind == Kind::Http || app.ready.kind == Kind::Tcp || app.ready.kind == Kind::Exec;
  if (app.health.every != kOff && !repeats)
    faults.add(key + ".health",
               "health asks again and again, which " + ready_check_text(app.ready) + " cannot",
               "use http, tcp or exec in ready");
  if (app.health.every == Milliseconds{0} || app.health.timeout == Milliseconds{0} ||
      app.health.timeout == kOff)
    faults.add(key + ".health", "every and timeout must be longer than 0, and timeout cannot be off",
               R"(write every = "5s", timeout = "5s")");
  if (app.health.fall == 0 || app.health.rise == 0)
    faults.add(key + ".health", "fall and rise must be at least 1", "write fall = 3, rise = 2");
  if (app.long_.grace == kOff)
    faults.add(key + ".long_grace", "long_grace cannot be off", R"(write long = "drain" to let them go on)");
  for (const auto& [path, mode] : app.long_.paths)
    if (!path.starts_with('/') || (path.size() > 1 && path.ends_with('/')))
      faults.add(key + ".long_paths." + path, "'" + path + "' is no path of whole segments",
                 R"(write it as "/terminals", without a slash at its end)");
  if (app.keep_old == kOff)
    faults.add(key + ".keep_old", "keep_old cannot be off", "write 0 to stop the old one at once, or 60s");
  if (app.keep_old > Milliseconds{0} && app.swap == SwapOrder::StopStart)
    faults.add(key + ".keep_old", "with stop-start nothing old can be kept", "leave out keep_old");
  if (app.hooks.timeout == Milliseconds{0} || app.hooks.timeout == kOff)
    faults.add(key + ".hooks.timeout", "the time of a hook must be longer than 0, and cannot be off",
               R"(write timeout = "10s")");
  for (const std::string& name : app.hooks.required)
    if (name != "ready")
      faults.add(key + ".hooks.required",
                 "'" + name + "' cannot be required: only ready comes before the switch",
                 R"(write required = ["ready"])");
}

}  // namespace berth
