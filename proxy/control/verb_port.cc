#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <system_error>
#include <vector>

#include "backend/port.h"
#include "backend/port_text.h"
#include "config/duration_text.h"
#include "config/json_text.h"
#include "proxy/control/port_target.h"
#include "proxy/control/process_output.h"
#include "proxy/control/verbs.h"
#include "proxy/loop/signal_pause.h"

namespace berth::control {
namespace {

namespace json = boost::json;
using backend::Holder;
using backend::ProbeResult;
using backend::WaitOutcome;

/// One address and all that is known about it.
struct Finding {
  Endpoint endpoint;
  ProbeResult result;
  std::vector<Holder> neighbours;
};

std::string_view word(ProbeResult::State state) {
  switch (state) {
    case ProbeResult::State::Free:
      return "free";
    case ProbeResult::State::Listened:
      return "listened";
    case ProbeResult::State::Bound:
      return "bound";
    case ProbeResult::State::Leftovers:
      return "leftovers";
    case ProbeResult::State::Denied:
      return "denied";
  }
  return "";
}

json::array to_json(const std::vector<Holder>& holders) {
  json::array list;
  for (const Holder& holder : holders) {
    list.push_back(json::object{{"pid", holder.pid},
                                {"command_line", holder.command_line},
                                {"uid", holder.uid},
                                {"user", holder.user},
                                {"started_unix_ms", holder.started_unix_s * 1000},
                                {"address", holder.address.text()},
                                {"shared", holder.shared}});
  }
  return list;
}

json::object to_json(const Finding& finding) {
  const ProbeResult& result = finding.result;
  json::object object{{"address", finding.endpoint.text()},
                      {"state", word(result.state)},
                      {"free", result.is_free()},
                      {"error", result.error == 0 ? "" : std::generic_category().message(result.error)},
                      {"reusable", result.reusable},
                      {"leftovers", result.leftovers},
                      {"holders", to_json(result.holders)},
                      {"neighbours", to_json(finding.neighbours)}};
  if (result.leftovers_end_in) object["leftovers_ms"] = result.leftovers_end_in->count();
  return object;
}

std::string text_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += backend::port_text(finding.endpoint, finding.result) +
            backend::neighbours_text(finding.neighbours) + "\n";
  }
  return text;
}

std::string taken_text(const std::vector<Finding>& findings) {
  std::vector<Finding> taken;
  for (const Finding& finding : findings)
    if (!finding.result.is_free()) taken.push_back({finding.endpoint, finding.result, {}});
  return text_of(taken);
}

bool all_free(const std::vector<Finding>& findings) {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& f) { return f.result.is_free(); });
}

/// Nobody can ever start there: the call was wrong, not the port taken.
bool impossible(const Finding& finding) {
  const int error = finding.result.error;
  return error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == ENAMETOOLONG;
}

int exit_code_of(const std::vector<Finding>& findings, WaitOutcome::End end) {
  if (all_free(findings)) return 0;
  if (std::any_of(findings.begin(), findings.end(), impossible)) return 2;
  const bool gave_up = end == WaitOutcome::End::Expired || end == WaitOutcome::End::Interrupted;
  return gave_up ? 4 : 1;
}

}  // namespace

int run_verb(const PortVerb& verb, const Terminal& terminal) {
  const PortTarget target = find_port_target(verb.address);
  if (target.endpoints.empty()) {
    return tell_problem({.exit_code = 2,
                         .type = target.unknown_name ? "unknown-name" : "bad-address",
                         .title = target.unknown_name ? "The name has no address" : "That is no address",
                         .detail = target.error},
                        Target{.control = {}, .app = {}, .json = verb.json}, terminal);
  }
  std::vector<Finding> findings;
  for (const Endpoint& endpoint : target.endpoints)
    findings.push_back({endpoint, backend::probe(endpoint), {}});

  WaitOutcome wait;
  if (verb.wait && !all_free(findings)) {
    loop::SignalPause pause;  // before a word is said: who reads it may answer with Ctrl-C
    const bool endless = *verb.wait == kOff;
    terminal.err("berth: waiting" + (endless ? "" : " up to " + duration_text(*verb.wait)) + " for:\n" +
                 taken_text(findings));
    wait = backend::wait_released(target.endpoints, *verb.wait, [&](auto time) { return pause.wait(time); });
    if (wait.end == WaitOutcome::End::Interrupted) hurry_output();
    for (std::size_t i = 0; i < findings.size(); ++i) findings[i].result = wait.last[i];
  }
  for (Finding& finding : findings) finding.neighbours = backend::neighbours(finding.endpoint);

  const int exit_code = exit_code_of(findings, wait.end);
  if (verb.json) {
    json::array addresses;
    for (const Finding& finding : findings) addresses.push_back(to_json(finding));
    terminal.json(json_text(json::object{{"asked", verb.address},
                                         {"free", exit_code == 0},
                                         {"exit_code", exit_code},
                                         {"waited_ms", wait.took.count()},
                                         {"addresses", std::move(addresses)}}) +
                  "\n");
  } else if (exit_code != 4) {
    terminal.out((target.note.empty() ? "" : target.note + "\n") + text_of(findings));
  }
  if (exit_code == 4) {
    const bool told_to = wait.end == WaitOutcome::End::Interrupted;
    terminal.err((told_to ? "berth: stopped waiting; still:\n"
                          : "berth: the time is up after " + duration_text(*verb.wait) + "; still:\n") +
                 taken_text(findings));
  }
  return exit_code;
}

}  // namespace berth::control
