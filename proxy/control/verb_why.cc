#include <algorithm>
#include <boost/json/parse.hpp>

#include "proxy/control/phase_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {

int run_verb(const WhyVerb& verb, const Terminal& terminal) {
  Reached reached = reach_app(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  CallResult result = call(reached.socket, {"GET", "/v1/apps/" + reached.app + "/report", {}});
  if (int code = tell_failure(result, verb.target, "berth", terminal); code != 0) return code;
  if (verb.target.json) {
    terminal.json(result.body);
    return 0;
  }
  boost::json::error_code error;
  auto report = report_from(boost::json::parse(result.body, error));
  if (error || !report) {
    terminal.err("berth: the answer is not a report; is the berth on " + reached.socket +
                 " of another version?\n");
    return 1;
  }
  const auto now = std::find_if(reached.served.begin(), reached.served.end(),
                                [&](const AppStatus& app) { return app.name == reached.app; });
  terminal.out(
      why_text(*report, terminal.colour, terminal.columns, now == reached.served.end() ? nullptr : &*now));
  return 0;
}

}  // namespace berth::control
