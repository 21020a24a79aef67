// The API's objects: the values of service.h and report.h as JSON. Owns every name that a script may read
// (json_read.h is the way back). Pure: no socket, no HTTP.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "proxy/control/service.h"

namespace berth::control {

boost::json::object to_json(const observe::PhaseRecord& phase);
boost::json::object to_json(const observe::SwapReport& report);
boost::json::object to_json(const AppStatus& app);
boost::json::object to_json(const FrontStatus& front);
boost::json::object to_json(const LogLine& line);
/// "event" says which of its kinds it is: "state", "phase", "report", "change", "reload".
boost::json::object to_json(const Event& event);
/// The last line of a streamed call: the result, its exit code, the report.
boost::json::object to_json(const SwapResult& result);
/// {"history": [...]}, newest first
boost::json::object history_json(const std::vector<observe::ServedCommand>& rows);
boost::json::object to_json(const PauseRequest& request);
boost::json::object to_json(const SwapRequest& request);
/// RFC 9457: `type` is "urn:berth:" and a word; a `status` of 0 is left out.
boost::json::object problem(int status, std::string_view type, std::string_view title,
                            std::string_view detail);

/// The exit code that a script branches on: 0, 1 or 5.
int exit_code(SwapResult::Kind kind);

/// The words of the enumerations.
std::string_view word(observe::PhaseName name);
std::string_view word(observe::PhaseState state);
std::string_view word(observe::SwapCause cause);
std::string_view word(observe::SwapOutcome outcome);
std::string_view word(SwapResult::Kind kind);
std::string_view word(observe::ServedOutcome outcome);

}  // namespace berth::control
