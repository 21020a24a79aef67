#include "config/limit_keys.h"

#include <charconv>

#include "config/duration_text.h"

namespace berth {
namespace {

constexpr LimitKey<Limits> kAppKeys[] = {
    {"body_stall", &Limits::body_stall},           {"body_min_rate", &Limits::body_min_rate},
    {"connect_timeout", &Limits::connect_timeout}, {"response_timeout", &Limits::response_timeout},
    {"stream_idle", &Limits::stream_idle},         {"upstream_idle", &Limits::upstream_idle},
    {"max_upstream", &Limits::max_upstream},       {"hold_timeout", &Limits::hold_timeout},
    {"hold_requests", &Limits::hold_requests},
};

constexpr LimitKey<ListenerConfig> kListenerKeys[] = {
    {"head_timeout", &ListenerConfig::head_timeout},
    {"idle_timeout", &ListenerConfig::idle_timeout},
    {"max_head", &ListenerConfig::max_head},
    {"max_fields", &ListenerConfig::max_fields},
    {"max_connections", &ListenerConfig::max_connections},
    {"max_per_client", &ListenerConfig::max_per_client},
};

template <class Owner>
struct Setter {
  Owner& owner;
  std::string_view text;

  std::optional<std::string> operator()(Milliseconds Owner::*field) const {
    auto value = parse_duration(text);
    if (!value)
      return "'" + std::string(text) + "' is not a duration; write \"250ms\", \"30s\", \"5m\" or \"off\"";
    owner.*field = *value;
    return std::nullopt;
  }
  std::optional<std::string> operator()(std::uint64_t Owner::*field) const {
    auto value = parse_size(text);
    if (!value) return "'" + std::string(text) + "' is not a size; write \"512\", \"64KiB\" or \"1MiB\"";
    owner.*field = *value;
    return std::nullopt;
  }
  std::optional<std::string> operator()(std::uint32_t Owner::*field) const {
    std::uint32_t value = 0;
    const char* end = text.data() + text.size();
    auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end)
      return "'" + std::string(text) + "' is not a whole number from 0";
    owner.*field = value;
    return std::nullopt;
  }
};

}  // namespace

std::span<const LimitKey<Limits>> app_limit_keys() { return kAppKeys; }
std::span<const LimitKey<ListenerConfig>> listener_limit_keys() { return kListenerKeys; }

template <class Owner>
std::optional<std::string> set_limit(Owner& owner, const LimitKey<Owner>& key, std::string_view text) {
  return std::visit(Setter<Owner>{owner, text}, key.field);
}

template <class Owner>
std::string limit_text(const Owner& owner, const LimitKey<Owner>& key) {
  switch (key.kind()) {
    case KeyKind::Duration:
      return duration_text(owner.*std::get<0>(key.field));
    case KeyKind::Size:
      return size_text(owner.*std::get<1>(key.field));
    case KeyKind::Count:
      return std::to_string(owner.*std::get<2>(key.field));
  }
  return {};
}

template std::optional<std::string> set_limit(Limits&, const LimitKey<Limits>&, std::string_view);
template std::optional<std::string> set_limit(ListenerConfig&, const LimitKey<ListenerConfig>&,
                                              std::string_view);
template std::string limit_text(const Limits&, const LimitKey<Limits>&);
template std::string limit_text(const ListenerConfig&, const LimitKey<ListenerConfig>&);

}  // namespace berth
