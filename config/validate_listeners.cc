#include <algorithm>
#include <map>
#include <utility>

#include "config/listen_text.h"
#include "config/toml_text.h"
#include "config/trusted.h"
#include "config/validate_parts.h"

namespace berth {
namespace {

constexpr std::size_t kMostAddresses = 1000;

/// What one app's `listen`, which other apps may share, names as a whole.
struct Place {
  const AppConfig* app;  ///< the first that listens there
  AppMode mode;          ///< of the last one
  ListenText names;
};

class ListenerChecker {
 public:
  ListenerChecker(Config& config, FaultList& faults) : config_(config), faults_(faults) {}

  void run() {
    find_places();
    if (!give_listeners()) return;
    for (const ListenerConfig& listener : config_.listeners) check_values(listener);
    check_overlaps();
  }

 private:
  static std::string key_of(const Place& place) { return "app." + place.app->name + ".listen"; }

  void find_places() {
    std::map<std::string_view, std::size_t> known;
    for (const AppConfig& app : config_.apps) {
      some_unread_ = some_unread_ || faults_.unread("app." + app.name + ".listen");
      if (app.listen.empty()) continue;
      const auto [at, added] = known.emplace(app.listen, places_.size());
      if (!added) {
        places_[at->second].mode = app.mode;
        continue;
      }
      auto parsed = parse_listen(app.listen);
      Place& place = places_.emplace_back(Place{&app, app.mode, {}});
      if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        faults_.add(key_of(place), *wrong);
        some_unread_ = true;
      } else {
        place.names = std::get<ListenText>(std::move(parsed));
      }
    }
  }

  /// False: there are too many to be looked at one by one.
  bool give_listeners() {
    std::size_t count = 0;
    for (const Place& place : places_) count += place.names.addresses.size() + place.names.inherited.size();
    if (count > kMostAddresses) {
      faults_.add("app", "at most " + std::to_string(kMostAddresses) + " addresses in all",
                  "share one among apps by host or path");
      return false;
    }
    std::map<std::string, std::size_t> tables;
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      config_.listeners[i].listen.clear();
      tables.emplace(config_.listeners[i].text, i);
    }
    for (const Place& place : places_) {
      if (place.names.addresses.empty() && place.names.inherited.empty()) continue;  // its fault is told
      for (const std::string& item : listen_items(place.app->listen)) {
        auto names = std::get<ListenText>(parse_listen(item));
        const auto [at, added] = tables.emplace(item, config_.listeners.size());
        if (added) config_.listeners.emplace_back().text = item;
        ListenerConfig& listener = config_.listeners[at->second];
        listener.listen = place.app->listen;
        listener.mode = place.mode;
        listener.addresses = std::move(names.addresses);
        listener.by_name = std::move(names.by_name);
        listener.inherited = std::move(names.inherited);
      }
    }
    return true;
  }

  void check_values(const ListenerConfig& listener) {
    const std::string key = "listener." + listener.text;
    if (listener.listen.empty() && !some_unread_)
      faults_.add(key, "no app listens on '" + listener.text + "'", hint_for(listener.text));
    positive(key + ".head_timeout", "head_timeout", listener.head_timeout);
    positive(key + ".idle_timeout", "idle_timeout", listener.idle_timeout);
    if (listener.max_head < 1024 || listener.max_head > (16U << 20))
      faults_.add(key + ".max_head", "max_head must lie within 1KiB and 16MiB",
                  R"(write max_head = "64KiB")");
    if (listener.max_fields == 0)
      faults_.add(key + ".max_fields", "max_fields must be at least 1", "write max_fields = 128");
    if (listener.max_connections == 0)
      faults_.add(key + ".max_connections", "max_connections must be at least 1",
                  "write max_connections = 10000");
    TrustedPeers trusted;
    for (const std::string& word : listener.trusted)
      if (auto wrong = trusted.add(word)) faults_.add(key + ".trusted", *wrong);
  }

  static std::string hint_for(const std::string& name) {
    const std::vector<std::string> items = listen_items(name);
    if (items.size() == 1) return "its name is one address of an app's listen, letter by letter";
    return "each address has a table of its own: write [listener." + toml_key(items.front()) + "]";
  }

  void positive(const std::string& key, const std::string& name, Milliseconds value) {
    if (value.count() <= 0) faults_.add(key, name + " must be longer than 0", "\"off\" waits for ever");
  }

  void check_overlaps() {
    for (const Place& place : places_) {
      tell(place, overlap_text(place.names), "");
      for (const Place& other : places_) {
        if (&other == &place || faults_.full()) break;
        tell(place, overlap_text(place.names, other.names), faults_.place(key_of(other)));
      }
    }
  }

  void tell(const Place& place, const std::string& wrong, const std::string& there) {
    if (wrong.empty()) return;
    faults_.add(key_of(place),
                wrong + (there.empty() ? "" : " (" + there + ")") + ": one of them would never be reached",
                "write the same listen where apps are to share it");
  }

  Config& config_;
  FaultList& faults_;
  std::vector<Place> places_;
  bool some_unread_ = false;  ///< an app whose `listen` cannot be read may be the one that a table is for
};

}  // namespace

void check_listeners(Config& config, FaultList& faults) { ListenerChecker(config, faults).run(); }

}  // namespace berth
