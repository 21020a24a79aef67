#include <boost/json/parse.hpp>
#include <optional>

#include "proxy/control/verbs.h"

namespace berth::control {

int run_verb(const StopVerb& verb, const Terminal& terminal) {
  Reached reached = reach_front(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  std::optional<Outcome> outcome;
  Following following;
  following.on_line = [&](std::string_view text) {
    if (verb.target.json) terminal.json(std::string(text) + "\n");
    boost::json::error_code error;
    const auto value = boost::json::parse({text.data(), text.size()}, error);
    const auto* line = error ? nullptr : value.if_object();
    const auto* waiting = line == nullptr ? nullptr : line->if_contains("text");
    if (waiting == nullptr) {
      auto read = outcome_from(value);
      if (!error && read) outcome = std::move(read);
    } else if (waiting->is_string() && !verb.target.json) {
      terminal.out(std::string(waiting->get_string()) + "\n");
    }
  };
  if (verb.timeout != kOff) following.timeout = verb.timeout;
  CallResult result = call(reached.socket, {"POST", "/v1/stop", {}}, following);
  if (int code = tell_failure(result, verb.target, "the stop", terminal); code != 0) return code;
  if (!outcome) {
    return tell_problem({.exit_code = 3,
                         .type = "berth-ended",
                         .title = "The berth ended",
                         .detail = "the berth ended before it told how its backends did"},
                        verb.target, terminal);
  }
  if (verb.target.json) return outcome->exit_code;
  bool done = outcome->result.kind == SwapResult::Kind::Done;
  std::string reason = outcome->result.reason;
  terminal.out(done ? "stopped" + (reason.empty() ? "" : ": " + reason) + "\n"
                    : outcome_text(*outcome, Paint(terminal.colour)));
  return outcome->exit_code;
}

}  // namespace berth::control
