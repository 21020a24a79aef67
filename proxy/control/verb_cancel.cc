#include "proxy/control/verbs.h"

namespace berth::control {

int run_verb(const CancelVerb& verb, const Terminal& terminal) {
  Reached reached = reach_app(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  CallResult result = call(reached.socket, {"POST", "/v1/apps/" + reached.app + "/cancel", {}});
  if (int code = tell_failure(result, verb.target, "the cancelling", terminal); code != 0) return code;
  if (verb.target.json)
    terminal.json(result.body);
  else
    terminal.out("cancelled: what " + reached.app + " was starting ends; `berth why` tells what is left\n");
  return 0;
}

}  // namespace berth::control
