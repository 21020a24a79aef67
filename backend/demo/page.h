// The texts that the demo serves: its page and its facts as JSON. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backend/demo/facts.h"

namespace berth::demo {

/// The page: self-contained HTML that shows `facts` and follows them by asking /info twice a second.
std::string page(const Facts& facts);

/// {"app","generation","pid","port","uptime_ms","requests"} in one line.
std::string info_json(const Facts& facts);

/// Bytes [offset, offset + size) of /big: records of 16 bytes, each its own offset in 15 hex digits and a
/// newline, so that a lost, doubled or moved byte shows.
std::string big_piece(std::uint64_t offset, std::size_t size);

}  // namespace berth::demo
