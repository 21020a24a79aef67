// Which port of a command is its server's, where it is not the one that it was told. Decides from what is
// known of each; looks at nothing itself. Pure.
//
// The rule: a listener of the tree on another port is followed once it has been the only one for 3 s and
// answers the check; at once where a line of the output names its port, or the command was to choose its port
// itself; never one that is known as a debugger's. Of several of which no line names one, the only one that
// answers the check is followed; where more answer, none is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace berth::backend {

/// Whether a listener elsewhere than told is used.
enum class FollowPolicy : std::uint8_t {
  Never,   ///< the command was given the port in words
  Settle,  ///< as the rule says
  AtOnce,  ///< the command asks for a port of its own choice
};

/// What is known of a port besides the told one that the tree listens on.
struct OtherPort {
  std::uint16_t port = 0;
  bool named = false;     ///< a line of the output says that the server is there
  bool debugger = false;  ///< an inspector's, a debugger's: no server
  unsigned asked = 0;     ///< how often it was asked since the ports last changed
  bool answers = false;   ///< to the check, when it was asked last
};

struct FollowChoice {
  enum class Kind : std::uint8_t {
    Wait,       ///< nothing is to be asked yet
    Try,        ///< ask it, to learn whether it answers
    Follow,     ///< ask it; if it answers, it is the server
    Ambiguous,  ///< more than one answers, and nothing tells which is the server
  };
  Kind kind = Kind::Wait;
  std::size_t index = 0;  ///< in the ports, with Try and Follow
  bool operator==(const FollowChoice&) const = default;
};

/// How long the ports have to stay as they are before one of them is taken for the server's.
inline constexpr std::chrono::milliseconds kSettle{3'000};

/// `unchanged`: since when the ports, without the debuggers', are the same.
FollowChoice which_to_follow(FollowPolicy policy, const std::vector<OtherPort>& ports,
                             std::chrono::milliseconds unchanged);

}  // namespace berth::backend
