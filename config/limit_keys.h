// The names of what is limited: one table that ties each key of [app.NAME.limits] and [listener] to its
// field, so that the file, the command line and `berth status` cannot differ. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace berth {

/// How the text of a key is read.
enum class KeyKind : std::uint8_t {
  Duration,  ///< "30s", "off"
  Size,      ///< "64KiB"
  Count,     ///< 1000
};

template <class Owner>
struct LimitKey {
  std::string_view name;
  std::variant<Milliseconds Owner::*, std::uint64_t Owner::*, std::uint32_t Owner::*> field;

  KeyKind kind() const { return static_cast<KeyKind>(field.index()); }
};

std::span<const LimitKey<Limits>> app_limit_keys();
std::span<const LimitKey<ListenerConfig>> listener_limit_keys();

/// Sets one field from its text. Returns what is wrong, or nothing.
template <class Owner>
std::optional<std::string> set_limit(Owner& owner, const LimitKey<Owner>& key, std::string_view text);

/// The field's value as the file would have it.
template <class Owner>
std::string limit_text(const Owner& owner, const LimitKey<Owner>& key);

}  // namespace berth
