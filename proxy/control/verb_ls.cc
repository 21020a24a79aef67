#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>

#include "config/json_text.h"
#include "proxy/control/find_berth.h"
#include "proxy/control/verbs.h"
#include "proxy/loop/unix_listener.h"

namespace berth::control {
namespace {

namespace json = boost::json;

/// One berth, as far as it tells.
struct Listed {
  LiveSocket socket;
  std::string user;
  std::optional<FrontStatus> front;  ///< nullopt: it does not answer
};

std::string user_name(unsigned uid) {
  const passwd* found = ::getpwuid(uid);
  return found == nullptr ? std::to_string(uid) : found->pw_name;
}

std::vector<Listed> all_berths() {
  const Surroundings surroundings = Surroundings::of_process();
  std::vector<LiveSocket> sockets = live_sockets(surroundings);
  // Where it lies is known to who was told; as a backend is.
  const auto& named = surroundings.berth_control;
  const auto same = [&](const LiveSocket& each) { return each.path == *named; };
  if (named && std::none_of(sockets.begin(), sockets.end(), same) && loop::answers(*named))
    sockets.push_back({*named, surroundings.uid});
  std::vector<Listed> list;
  for (const LiveSocket& socket : sockets) {
    const bool others = socket.uid != surroundings.uid;
    const CallResult result = call_status(socket.path, others);
    Listed& each = list.emplace_back(Listed{socket, user_name(socket.uid), read_status(result)});
    // Somebody else has taken the name.
    if (others && result.user != socket.uid) each.front.reset();
  }
  return list;
}

json::object to_json(const Listed& each) {
  json::object object{{"control", each.socket.path},
                      {"user", each.user},
                      {"uid", each.socket.uid},
                      {"answers", each.front.has_value()}};
  if (!each.front) return object;
  json::array apps;
  for (const AppStatus& app : each.front->apps)
    apps.push_back(json::object{{"name", app.name},
                                {"state", app.state},
                                {"addresses", json::array(app.addresses.begin(), app.addresses.end())}});
  object["pid"] = each.front->pid;
  object["dir"] = each.front->dir;
  object["apps"] = std::move(apps);
  return object;
}

std::string apps_text(const FrontStatus& front) {
  std::string text;
  for (const AppStatus& app : front.apps) {
    text += (text.empty() ? "" : ", ") + app.name;
    for (const std::string& address : app.addresses)
      text += (&address == app.addresses.data() ? " on " : " ") + address;
  }
  return text;
}

std::string text_of(const Listed& each, bool with_user, const Paint& paint) {
  std::string text = each.front ? paint.bold(apps_text(*each.front)) : paint.warn("does not answer");
  text += "\n  ";
  if (each.front) text += "pid " + std::to_string(each.front->pid) + "  in " + each.front->dir + "\n  ";
  if (with_user) text += "user " + each.user + "  ";
  return text + "--control " + command_text({each.socket.path}) + "\n";
}

}  // namespace

int run_verb(const LsVerb& verb, const Terminal& terminal) {
  const std::vector<Listed> list = all_berths();
  if (verb.json) {
    json::array berths;
    for (const Listed& each : list) berths.push_back(to_json(each));
    terminal.json(json_text(json::object{{"berths", std::move(berths)}}) + "\n");
    return 0;
  }
  const Paint paint(terminal.colour);
  const bool with_user = ::geteuid() == 0;
  for (const Listed& each : list) terminal.out(text_of(each, with_user, paint));
  if (list.empty()) terminal.err("berth: no berth is running here\n");
  return 0;
}

}  // namespace berth::control
