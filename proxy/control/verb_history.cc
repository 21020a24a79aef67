#include <boost/json/parse.hpp>

#include "proxy/control/history_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {

int run_verb(const HistoryVerb& verb, const Terminal& terminal) {
  const Reached reached = reach_app(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  const CallResult result = call(reached.socket, {"GET", "/v1/apps/" + reached.app + "/history", {}});
  if (const int code = tell_failure(result, verb.target, "berth", terminal); code != 0) return code;
  if (verb.target.json) {
    terminal.out(result.body);
    return 0;
  }
  boost::json::error_code error;
  const auto rows = history_from(boost::json::parse(result.body, error));
  if (error || !rows) {
    terminal.err("berth: the answer is no history; is the berth on " + reached.socket +
                 " of another version?\n");
    return 1;
  }
  // What is not read on a terminal is not cut.
  constexpr unsigned kEndless = 1'000'000;
  terminal.out(history_text(*rows, terminal.measure ? terminal.columns : kEndless));
  return 0;
}

}  // namespace berth::control
