#include <boost/json/parse.hpp>
#include <optional>

#include "proxy/control/verbs.h"

namespace berth::control {

int run_verb(const ReloadVerb& verb, const Terminal& terminal) {
  const Reached reached = reach_front(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  std::optional<Outcome> outcome;
  Following following;
  following.on_line = [&](std::string_view text) {
    if (verb.target.json) terminal.json(std::string(text) + "\n");
    boost::json::error_code error;
    const auto value = boost::json::parse({text.data(), text.size()}, error);
    if (error) return;
    if (auto read = outcome_from(value)) outcome = std::move(read);
    const auto* line = value.if_object();
    const auto* change = line == nullptr ? nullptr : line->if_contains("text");
    if (change != nullptr && change->is_string() && !verb.target.json)
      terminal.out(std::string(change->get_string()) + "\n");
  };
  if (verb.timeout != kOff) following.timeout = verb.timeout;
  const CallResult result = call(reached.socket, {"POST", "/v1/reload", {}}, following);
  if (const int code = tell_failure(result, verb.target, "the reload", terminal); code != 0) return code;
  if (!outcome) {
    return tell_problem({.exit_code = 3,
                         .type = "berth-ended",
                         .title = "The berth ended",
                         .detail = "the berth ended before the reload was done"},
                        verb.target, terminal);
  }
  if (!verb.target.json && outcome->exit_code != 0) terminal.err("berth: " + outcome->result.reason + "\n");
  return outcome->exit_code;
}

}  // namespace berth::control
