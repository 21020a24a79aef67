// The names that are this machine's loopback without a look-up. Pure.
#pragma once

#include <string_view>

namespace berth {

/// "localhost", and every name below it ("app.localhost"), in any case, with or without the root's dot
/// (RFC 6761 §6.3). No resolver is asked: many do not know those names.
bool is_loopback_name(std::string_view host);

}  // namespace berth
