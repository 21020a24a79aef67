// Texts of others as JSON strings: what backends and clients send need not be UTF-8, JSON must be. Pure.
#pragma once

#include <string>
#include <string_view>

namespace berth::observe {

/// Appends `text` in quotes (RFC 8259 §7). Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace berth::observe
