// What became of what an old backend still carried when it was replaced, by kind. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::observe {

/// What a backend carries.
enum class Carried : std::uint8_t {
  Request,
  EventStream,  ///< a response of text/event-stream
  WebSocket,
  Tunnel,      ///< an upgrade to another protocol
  Connection,  ///< bytes (mode = "tcp")
};
inline constexpr std::size_t kCarried = 5;

/// As reports call them.
inline constexpr std::array<std::string_view, kCarried> kCarriedNames{"requests", "event_streams",
                                                                      "websockets", "tunnels", "connections"};

struct DrainKind {
  std::uint64_t finished = 0;  ///< by itself
  std::uint64_t ended = 0;     ///< by berth, as its protocol ends it, so that its client comes again
  std::uint64_t cut = 0;       ///< broken off, which its client sees

  bool operator==(const DrainKind&) const = default;
};

struct DrainCount {
  std::array<DrainKind, kCarried> kinds{};

  DrainKind& of(Carried what) { return kinds[static_cast<std::size_t>(what)]; }
  const DrainKind& of(Carried what) const { return kinds[static_cast<std::size_t>(what)]; }

  /// All kinds together.
  DrainKind sum() const {
    DrainKind all;
    for (const DrainKind& each : kinds) {
      all.finished += each.finished;
      all.ended += each.ended;
      all.cut += each.cut;
    }
    return all;
  }

  DrainCount& operator+=(const DrainCount& other) {
    for (std::size_t n = 0; n < kCarried; ++n) {
      kinds[n].finished += other.kinds[n].finished;
      kinds[n].ended += other.kinds[n].ended;
      kinds[n].cut += other.kinds[n].cut;
    }
    return *this;
  }

  bool operator==(const DrainCount&) const = default;
};

/// "12 requests and 1 event stream": of which there are any; empty: there are none.
std::string kinds_text(const DrainCount& count, std::uint64_t DrainKind::*which);

}  // namespace berth::observe
