#include "config/duration_text.h"
#include "config/json_text.h"
#include "proxy/control/json_map.h"
#include "proxy/control/verbs.h"

namespace berth::control {

int run_verb(const PauseVerb& verb, const Terminal& terminal) {
  Reached reached = reach_app(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  const PauseRequest request{.message = verb.message, .max = verb.max};
  const std::string body = json_text(to_json(request));
  CallResult result = call(reached.socket, {"POST", "/v1/apps/" + reached.app + "/pause", body});
  if (int code = tell_failure(result, verb.target, "the pause", terminal); code != 0) return code;
  const std::string until =
      verb.max == kOff ? "`berth resume`" : "`berth resume`, or for " + duration_text(verb.max);
  if (verb.target.json)
    terminal.json(result.body);
  else
    terminal.out("paused: new requests to " + reached.app + " wait until " + until + "\n");
  return 0;
}

int run_verb(const ResumeVerb& verb, const Terminal& terminal) {
  Reached reached = reach_app(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  CallResult result = call(reached.socket, {"POST", "/v1/apps/" + reached.app + "/resume", {}});
  if (int code = tell_failure(result, verb.target, "the resuming", terminal); code != 0) return code;
  if (verb.target.json)
    terminal.json(result.body);
  else
    terminal.out("resumed: requests to " + reached.app + " go on\n");
  return 0;
}

}  // namespace berth::control
