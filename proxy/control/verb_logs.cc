#include <boost/json/parse.hpp>

#include "proxy/control/phase_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {
namespace {

std::string log_text(const LogLine& line, const std::string& app, const Paint& paint) {
  // The day is known to who reads a log of this run.
  std::string time = clock_text(line.unix_ms).substr(11);
  std::string subject = padded(app + "#" + std::to_string(line.generation.number), 8);
  return paint.dim(time) + " " + subject + (line.is_stderr ? paint.warn("err ") : paint.dim("out ")) +
         line.text + "\n";
}

}  // namespace

int run_verb(const LogsVerb& verb, const Terminal& terminal) {
  Reached reached = reach_app(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  Paint paint(terminal.colour);
  std::string target = "/v1/apps/" + reached.app + "/logs?limit=" + std::to_string(verb.lines);
  if (verb.follow) target += "&follow=1";
  Following following;
  following.on_line = [&](std::string_view text) {
    if (verb.target.json) return terminal.out(std::string(text) + "\n");
    boost::json::error_code error;
    auto line = log_line_from(boost::json::parse({text.data(), text.size()}, error));
    if (!error && line) terminal.out(log_text(*line, reached.app, paint));
  };
  CallResult result = call(reached.socket, {"GET", target, {}}, following);
  // Ctrl-C is how following ends; a berth that ends in order ends its log in order.
  if (verb.follow && result.end == CallEnd::Interrupted) return 0;
  if (result.end == CallEnd::Lost && result.status == 200) {
    return tell_problem({.exit_code = 3,
                         .type = "cut-off",
                         .title = "The log ended without its end",
                         .detail = "the log ended without its end: this reader was too slow and was cut off, "
                                   "or the berth ended"},
                        verb.target, terminal);
  }
  return tell_failure(result, verb.target, "berth", terminal);
}

}  // namespace berth::control
