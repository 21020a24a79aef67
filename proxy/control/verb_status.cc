#include <boost/json/parse.hpp>

#include "proxy/control/status_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {

int run_verb(const StatusVerb& verb, const Terminal& terminal) {
  Reached reached = reach_front(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  CallResult result = call(reached.socket, {"GET", "/v1/status", {}});
  if (int code = tell_failure(result, verb.target, "berth", terminal); code != 0) return code;
  if (verb.target.json) {
    terminal.out(result.body);
    return 0;
  }
  boost::json::error_code error;
  auto front = front_from(boost::json::parse(result.body, error));
  if (error || !front) {
    terminal.err("berth: the answer is not a status; is the berth on " + reached.socket +
                 " of another version?\n");
    return 1;
  }
  terminal.out(status_text(*front, terminal.columns, terminal.colour));
  return 0;
}

}  // namespace berth::control
