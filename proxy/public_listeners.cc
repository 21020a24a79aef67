#include "proxy/public_listeners.h"

#include <algorithm>
#include <utility>

#include "config/whole_listeners.h"

namespace berth {
namespace {

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool takes(const ListenerConfig& listener, const InheritedSocket& socket) {
  return std::any_of(listener.inherited.begin(), listener.inherited.end(),
                     [&](const std::string& name) { return name.empty() || name == socket.name; });
}

bool names(const ListenerConfig& listener, const PublicSocket& socket) {
  if (!socket.inherited) return is_among(listener.addresses, socket.asked);
  return std::find(listener.inherited.begin(), listener.inherited.end(), *socket.inherited) !=
         listener.inherited.end();
}

/// Whether `listener` leaves the port to the OS, and a reload asked for `socket` with the number that the
/// rest of the list has already.
bool names_without_port(const ListenerConfig& listener, const PublicSocket& socket) {
  if (socket.inherited || socket.asked.family == Endpoint::Family::Unix) return false;
  Endpoint any_port = socket.asked;
  any_port.port = 0;
  return is_among(listener.addresses, any_port);
}

/// What `config` says of the address of the list `listen` that `socket` was opened for; nullptr: it has no
/// such list.
const ListenerConfig* settings_of(const Config& config, const std::string& listen,
                                  const PublicSocket& socket) {
  const ListenerConfig* without_port = nullptr;
  const ListenerConfig* of_list = nullptr;
  for (const ListenerConfig& each : config.listeners) {
    if (each.listen != listen) continue;
    if (names(each, socket)) return &each;
    if (names_without_port(each, socket)) without_port = &each;
    of_list = &each;
  }
  return without_port != nullptr ? without_port : of_list;
}

}  // namespace

std::shared_ptr<const route::Router> router_of(const Config& config, const std::string& listen,
                                               const AppNumbers& number_of) {
  std::vector<route::RouteRule> rules;
  for (const AppConfig& app : config.apps) {
    if (app.listen != listen) continue;
    const std::uint32_t number = number_of(app.name).number;
    const auto add = [&](const std::string& host, const std::string& path, bool strip) {
      rules.push_back({host, path, strip, number});
    };
    if (app.hosts.empty()) add("", app.path, app.strip);
    for (const std::string& host : app.hosts) add(host, app.path, app.strip);
    const std::string own = lower(app.name) + ".localhost";
    add(own, "/", false);
    if (app.path != "/") add(own, app.path, app.strip);
  }
  return std::make_shared<route::Router>(std::move(rules));
}

bool PublicListeners::has(const std::string& text) const {
  return std::any_of(open_.begin(), open_.end(), [&](const Entry& each) { return each.text == text; });
}

/// What serves `asked` for a listener that is not among `wanted`; nullptr: nothing does.
const PublicListeners::One* PublicListeners::left_behind(const std::vector<ListenerConfig>& wanted,
                                                         AppMode mode, const Endpoint& asked,
                                                         std::string& from) const {
  for (const Entry& entry : open_) {
    const bool stays = std::any_of(wanted.begin(), wanted.end(), [&](const ListenerConfig& listener) {
      return listener.listen == entry.text;
    });
    if (stays || entry.mode != mode) continue;
    for (const One& one : entry.sockets) {
      if (one.socket.asked != asked && one.socket.bound != asked) continue;
      from = entry.text;
      return &one;
    }
  }
  return nullptr;
}

PublicListeners::One PublicListeners::take(const Move& move) {
  for (Entry& entry : open_) {
    if (entry.text != move.from) continue;
    const auto at = std::find_if(entry.sockets.begin(), entry.sockets.end(), [&](const One& one) {
      return one.socket.asked == move.asked || one.socket.bound == move.asked;
    });
    if (at == entry.sockets.end()) continue;
    One taken = std::move(*at);
    entry.sockets.erase(at);
    return taken;
  }
  return {};
}

std::string PublicListeners::open(const std::vector<ListenerConfig>& wanted, const Open& open_one) {
  struct Opened {
    Entry entry;
    std::vector<Move> moves;
    std::vector<Endpoint> order;  ///< as the listener names them
  };
  std::vector<Opened> opened;
  std::vector<std::string> warnings;
  for (const ListenerConfig& listener : whole_listeners(wanted)) {
    if (has(listener.text)) continue;
    Opened& next = opened.emplace_back(Opened{{listener.text, listener.mode, {}}, {}, listener.addresses});
    ListenerConfig missing = listener;
    missing.addresses.clear();
    std::uint16_t chosen = 0;
    for (const Endpoint& asked : listener.addresses) {
      std::string from;
      const One* kept = left_behind(wanted, listener.mode, asked, from);
      if (kept == nullptr) {
        missing.addresses.push_back(asked);
        continue;
      }
      next.moves.push_back({from, asked});
      if (asked.port == 0) chosen = kept->socket.bound.port;
    }
    // All :0 of one list are one number.
    for (std::vector<Endpoint>* list : {&missing.addresses, &missing.by_name})
      for (Endpoint& each : *list)
        if (each.family != Endpoint::Family::Unix && each.port == 0) each.port = chosen;
    PublicSockets sockets;
    if (!missing.addresses.empty() || !missing.inherited.empty()) sockets = open_one(missing, inherited_);
    const bool enough = sockets.absent && !next.moves.empty();
    if (!sockets.error.empty() && !enough) return sockets.error;
    for (PublicSocket& socket : sockets.sockets) next.entry.sockets.push_back({std::move(socket)});
    warnings.insert(warnings.end(), sockets.warnings.begin(), sockets.warnings.end());
  }
  for (Opened& next : opened) {
    for (const Move& move : next.moves) {
      One one = take(move);
      one.socket.asked = move.asked;
      next.entry.sockets.push_back(std::move(one));
    }
    const auto place = [&](const One& one) {
      return std::find(next.order.begin(), next.order.end(), one.socket.asked) - next.order.begin();
    };
    std::stable_sort(next.entry.sockets.begin(), next.entry.sockets.end(),
                     [&](const One& a, const One& b) { return place(a) < place(b); });
    open_.push_back(std::move(next.entry));
  }
  warnings_ = std::move(warnings);
  return {};
}

void PublicListeners::serve(http::DataPlane& plane, const Config& config, const AppNumbers& number_of) {
  for (Entry& entry : open_) {
    const bool wanted =
        std::any_of(config.listeners.begin(), config.listeners.end(),
                    [&](const ListenerConfig& listener) { return listener.listen == entry.text; });
    if (!wanted) {
      for (const One& one : entry.sockets) plane.close_listener(one.id, nullptr);
      entry.sockets.clear();
      continue;
    }
    const auto router = router_of(config, entry.text, number_of);
    for (One& one : entry.sockets) {
      const ListenerConfig& settings = *settings_of(config, entry.text, one.socket);
      if (std::exchange(one.served, true))
        plane.change_listener(one.id, settings, router);
      else
        one.id = plane.listen(one.socket.fd.release(), settings, one.socket.bound, router);
    }
  }
  std::erase_if(open_, [](const Entry& entry) { return entry.sockets.empty(); });
}

void PublicListeners::close(http::DataPlane& plane, std::function<void()> closed) {
  plane.close_listeners(std::move(closed));
  for (Entry& entry : open_)
    for (One& one : entry.sockets) one.socket.file = loop::SocketFile();
}

std::vector<std::string> PublicListeners::addresses(const std::string& listen) const {
  std::vector<std::string> texts;
  for (const Entry& entry : open_) {
    if (entry.text != listen) continue;
    for (const One& one : entry.sockets) texts.push_back(one.socket.bound.text());
  }
  return texts;
}

std::vector<std::string> PublicListeners::addresses() const {
  std::vector<std::string> texts;
  for (const Entry& entry : open_)
    for (const One& one : entry.sockets) texts.push_back(one.socket.bound.text());
  return texts;
}

std::vector<std::string> PublicListeners::left_over(const Config& config) const {
  std::vector<std::string> texts;
  for (const InheritedSocket& socket : inherited_.sockets) {
    const bool taken = std::any_of(config.listeners.begin(), config.listeners.end(),
                                   [&](const ListenerConfig& listener) { return takes(listener, socket); });
    if (!taken)
      texts.push_back("systemd hands over " + socket.bound.text() +
                      ", which no app listens on: -l systemd:" + socket.name + " takes it");
  }
  return texts;
}

}  // namespace berth
