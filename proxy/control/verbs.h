// The verbs that speak to a running berth: each a function from what was typed to an exit code (design
// section 10). They have no other way in than the API. What all of them need stands here too: whom they
// reach, and how an answer that is no answer is told.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/command_line.h"
#include "proxy/control/client.h"
#include "proxy/control/json_read.h"
#include "proxy/control/terminal.h"

namespace berth::control {

int run_verb(const SwapVerb& verb, const Terminal& terminal);
int run_verb(const CancelVerb& verb, const Terminal& terminal);
int run_verb(const PauseVerb& verb, const Terminal& terminal);
int run_verb(const ResumeVerb& verb, const Terminal& terminal);
int run_verb(const StatusVerb& verb, const Terminal& terminal);
int run_verb(const WhyVerb& verb, const Terminal& terminal);
int run_verb(const HistoryVerb& verb, const Terminal& terminal);
int run_verb(const LogsVerb& verb, const Terminal& terminal);
int run_verb(const ReloadVerb& verb, const Terminal& terminal);
int run_verb(const StopVerb& verb, const Terminal& terminal);
/// Speaks to no berth: asks the kernel.
int run_verb(const PortVerb& verb, const Terminal& terminal);
/// These neither: they read and write the file.
int run_verb(const CheckVerb& verb, const Terminal& terminal);
int run_verb(const InitVerb& verb, const Terminal& terminal);

int run_verb(const LsVerb& verb, const Terminal& terminal);

/// Why a verb ends without its answer.
struct VerbProblem {
  int exit_code = 1;
  std::string_view type;   ///< of the problem object, behind "urn:berth:"
  std::string_view title;  ///< one sentence for every such problem
  std::string detail;      ///< for people; may have several lines
};

/// Tells a problem that no berth has told: to people on stderr, with --json on stdout too, as RFC 9457 has it
/// (without `status`: there was no answer that had one). Returns its exit code.
int tell_problem(const VerbProblem& problem, const Target& target, const Terminal& terminal);

/// Which berth, and which of its apps.
struct Reached {
  std::string socket;
  std::string app;
  int exit_code = 0;                ///< not 0: it was told why, the verb ends with this
  std::vector<AppStatus> served{};  ///< what the berth said of its apps, where it was asked for them
};

/// GET /v1/status. `any_user`: of whoever answers, within a short time; tells nothing but the question.
CallResult call_status(const std::string& socket, bool any_user = false);
/// What it says; nullopt: it is no status.
std::optional<FrontStatus> read_status(const CallResult& result);

/// Finds the berth that is meant: the one that has the target's app or address, if it names one. Tells the
/// terminal when there is none, or several.
Reached reach_front(const Target& target, const Terminal& terminal);
/// And which apps: the named one, or all of them.
Reached reach_apps(const Target& target, const Terminal& terminal, std::vector<std::string>& apps);
/// And its app: the named one, or the only one.
Reached reach_app(const Target& target, const Terminal& terminal);

/// The last line of a swap, a restart or a stop for people.
std::string outcome_text(const Outcome& outcome, const Paint& paint);

/// Tells why a call has no 200 answer, and returns the exit code; 0 for one that has. `waiting_for` completes
/// "stopped waiting; … goes on".
int tell_failure(const CallResult& result, const Target& target, const std::string& waiting_for,
                 const Terminal& terminal);

}  // namespace berth::control
