#include "config/whole_listeners.h"

#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "config/listen_text.h"

namespace berth {

std::vector<ListenerConfig> whole_listeners(const std::vector<ListenerConfig>& listeners) {
  std::vector<ListenerConfig> wholes;
  std::set<std::string_view> seen;
  for (const ListenerConfig& listener : listeners) {
    if (!seen.insert(listener.listen).second) continue;
    auto parsed = parse_listen(listener.listen);
    auto* names = std::get_if<ListenText>(&parsed);
    if (names == nullptr) continue;
    ListenerConfig& whole = wholes.emplace_back();
    whole.text = whole.listen = listener.listen;
    whole.mode = listener.mode;
    whole.addresses = std::move(names->addresses);
    whole.by_name = std::move(names->by_name);
    whole.inherited = std::move(names->inherited);
  }
  return wholes;
}

}  // namespace berth
