// JSON into the values of service.h and report.h: what a caller asks of the server, and what the server told
// a client. Pure: no socket, no HTTP.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/control/service.h"

namespace berth::control {

/// How far a caller's wait goes.
enum class WaitFor : std::uint8_t {
  Release,  ///< the old one's port is proven free
  Switch,   ///< the new one serves
};
struct SwapCall {
  SwapRequest request;
  WaitFor wait = WaitFor::Release;
};

/// The body of POST …/swap, …/restart, …/attach and …/detach; empty is {}. The string says what is wrong with
/// it.
std::variant<SwapCall, std::string> swap_call_from(std::string_view body, SwapVerbKind verb);

/// The last line of a streamed call.
struct Outcome {
  SwapResult result;
  bool switched_only = false;  ///< of wait=switch: the retirement goes on
  int exit_code = 1;
};
std::optional<Outcome> outcome_from(const boost::json::value& value);

/// From what the server sent. Missing members keep their defaults, unknown ones are ignored: a client may be
/// older or newer than its berth. nullopt: not an object at all.
/// The body of a pause; otherwise what is wrong with it.
std::variant<PauseRequest, std::string> pause_call_from(std::string_view body);

std::optional<observe::PhaseRecord> phase_from(const boost::json::value& value);
std::optional<observe::SwapReport> report_from(const boost::json::value& value);
std::optional<FrontStatus> front_from(const boost::json::value& value);
/// Its `text` is as the backend wrote it: whoever shows it filters it. All other texts are filtered here.
std::optional<LogLine> log_line_from(const boost::json::value& value);
std::optional<std::vector<observe::ServedCommand>> history_from(const boost::json::value& value);

}  // namespace berth::control
