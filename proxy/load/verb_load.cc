#include "proxy/load/verb_load.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "bench/load/load.h"
#include "bench/load/report.h"
#include "bench/load/report_page.h"
#include "config/duration_text.h"
#include "config/json_text.h"
#include "config/terminal_text.h"
#include "config/version.h"
#include "proxy/control/process_output.h"
#include "proxy/control/verbs.h"
#include "proxy/load/load_plan.h"
#include "proxy/load/restart.h"
#include "proxy/load/text_file.h"
#include "proxy/loop/signal_pause.h"

namespace berth::load_verb {
namespace {

namespace json = boost::json;
using control::Terminal;
using load::grouped;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kDefaultDuration{10'000};
constexpr milliseconds kBehindTheLastSwap{1'000};
constexpr milliseconds kLineEvery{250};
constexpr milliseconds kLookEvery{5};      ///< whether the last answer has come
constexpr milliseconds kTellAfter{500};    ///< what is waited for
constexpr rlim_t kDescriptorsBeside = 64;  ///< what a run needs beside its connections

int refuse(const Terminal& terminal, const std::string& what, int exit_code = 2) {
  terminal.err("berth: " + what + "\n");
  return exit_code;
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string reason(int error) { return error == 0 ? "" : ": " + std::generic_category().message(error); }

/// A report is not lost at the end of a long run: where it goes is looked at before, and left as it is.
std::string unwritable(const std::optional<std::string>& file) {
  namespace fs = std::filesystem;
  if (!file || *file == "-") return {};
  std::error_code error;
  const fs::file_status before = fs::status(*file, error);
  // A pipe is not opened twice: its reader would see an end.
  if (fs::exists(before) && !fs::is_regular_file(before) && !fs::is_directory(before))
    return ::access(file->c_str(), W_OK) == 0 ? std::string() : "cannot write " + *file + reason(errno);
  errno = 0;
  if (!std::ofstream(*file, std::ios::app)) return "cannot write " + *file + reason(errno);
  if (!fs::exists(before)) fs::remove(fs::canonical(*file, error), error);
  return {};
}

bool write_file(const std::string& path, const std::string& text, const Terminal& terminal) {
  errno = 0;
  std::ofstream file(path, std::ios::trunc);
  file << text;
  file.close();
  if (!file) terminal.err("berth: cannot write " + path + reason(errno) + "\n");
  return static_cast<bool>(file);
}

/// The page that shows `json`. A browser obeys controls of the writing direction, as a terminal does: words
/// of a server must not change what the page says.
std::string page_of(std::string_view json) {
  return load::report_page(terminal_text(json, TextColours::Strip, TextLines::Many));
}

/// To stdout, and whether it got there: a report that went to a full disk is lost.
bool write_stdout(std::string_view text, const Terminal& terminal) {
  const int error = control::write_output(STDOUT_FILENO, text);
  if (error != 0) terminal.err("berth: cannot write the report" + reason(error) + "\n");
  return error == 0;
}

/// As many descriptors as this process may have.
rlim_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_max;
}

unsigned connections_of(const load::LoadPlan& plan) {
  unsigned all = plan.keep_alive_lanes + plan.fresh_lanes + plan.events.lanes + plan.websockets.lanes;
  for (const auto& each : plan.dedicated) all += each.lanes;
  return all;
}

/// One run, from its begin to its report.
class Run {
 public:
  Run(const LoadVerb& verb, load::LoadPlan plan, control::Reached berth, const Terminal& terminal)
      : verb_(verb),
        berth_(std::move(berth)),
        terminal_(terminal),
        live_(terminal.live && verb.json != std::optional<std::string>("-")) {
    facts_.version = std::string(kVersion);
    facts_.started = now_text();
    facts_.command = verb.words;
    facts_.command.insert(facts_.command.begin(), {"berth"});
    facts_.targets = verb.urls;
    facts_.rate = verb.rate;
    facts_.connections = connections_of(plan);
    facts_.probed = plan.probe_every.count() > 0;
    facts_.streamed = plan.events.lanes > 0;
    facts_.socketed = plan.websockets.lanes > 0;
    facts_.bounds = {verb.max_failed, verb.max_p99_ms, verb.max_gap_ms};
    every_ = verb.each.count() > 0 ? verb.each : verb.swap_every;
    if (verb.duration.count() > 0)
      duration_ = verb.duration;
    else if (verb.requests == 0 && verb.swaps == 0)
      duration_ = kDefaultDuration;
    load_ = std::make_unique<load::Load>(std::move(plan));
  }

  json::object run() {
    load_->start();
    begun_ = Clock::now();
    next_restart_ = begun_ + every_;
    while (!over()) {
      if (every_.count() > 0 && Clock::now() >= next_restart_ && wants_restart()) {
        restart();
      } else {
        const auto left = next_restart_ - Clock::now();
        const bool soon = every_.count() > 0 && wants_restart() && left < milliseconds(50);
        const auto pause = soon ? std::chrono::ceil<milliseconds>(left) : milliseconds(50);
        if (!signals_.wait(std::max(pause, milliseconds(1)))) interrupt();
      }
      show();
    }
    load_->begin_stop();  // before anything is written: the terminal may take it late
    if (live_) terminal_.raw("\r\x1b[K");
    if (facts_.ended_by == "interrupt") terminal_.err("berth: ended by hand; the report so far\n");
    await_answers();
    return load::report_json(load_->stop(), facts_);
  }

 private:
  /// For what is under way, each request within its time limit; a Ctrl-C that comes now, or one more than
  /// ended the run, ends the wait.
  void await_answers() {
    const unsigned seen = facts_.ended_by == "interrupt" ? 1 : 0;
    const auto begun = Clock::now();
    bool told = false;
    while (!load_->ended()) {
      if (!signals_.wait(kLookEvery, seen)) {
        control::hurry_output();
        return load_->give_up();
      }
      if (told || Clock::now() - begun < kTellAfter) continue;
      told = true;
      terminal_.err("berth: waiting for the answers that are under way, up to " +
                    duration_text(verb_.timeout) + " (--timeout); Ctrl-C ends that at once\n");
    }
  }

  void interrupt() {
    facts_.ended_by = "interrupt";
    control::hurry_output();
  }

  bool wants_restart() const { return verb_.swaps == 0 || facts_.restarts.size() < verb_.swaps; }

  bool over() {
    if (!facts_.ended_by.empty()) return true;
    const auto now = Clock::now();
    if (duration_ && now - begun_ >= *duration_) facts_.ended_by = "duration";
    if (verb_.requests != 0 && load_->now().over) facts_.ended_by = "requests";
    if (verb_.swaps != 0 && !wants_restart() && now - last_restart_ >= kBehindTheLastSwap)
      facts_.ended_by = "swaps";
    return !facts_.ended_by.empty();
  }

  void restart() {
    const Tick tick = [this] {
      const unsigned asked = signals_.count();
      if (asked > 0) interrupt();
      show();
      return asked == 0 ? Patience::Waits : asked == 1 ? Patience::GivesUp : Patience::Insists;
    };
    load_->begin_window();
    facts_.restarts.push_back(verb_.command.empty() ? ask_for_swap(berth_.socket, berth_.app, tick)
                                                    : run_command(verb_.command, tick));
    load_->end_window();
    if (!facts_.restarts.back().ok) ++failed_restarts_;
    last_restart_ = Clock::now();
    next_restart_ = std::max(next_restart_ + every_, last_restart_ + milliseconds(10));
  }

  void show() {
    const auto now = Clock::now();
    if (!live_ || now - shown_ < kLineEvery || !terminal_.takes_frame()) return;
    shown_ = now;
    const auto state = load_->now();
    std::array<char, 64> p99{};
    std::snprintf(p99.data(), p99.size(), "p99 %.2f ms", static_cast<double>(state.last.p99.count()) / 1e6);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(state.since).count();
    std::string line = std::to_string(seconds) + " s" +
                       (duration_ ? " of " + std::to_string(duration_->count() / 1000) + " s" : "") + "  " +
                       grouped(state.answered) + " requests  " + grouped(state.last.requests) + "/s  " +
                       grouped(state.failed) + " failed  " + p99.data();
    if (every_.count() > 0) {
      line += "  " + grouped(facts_.restarts.size()) +
              (verb_.swaps != 0 ? " of " + grouped(verb_.swaps) : std::string()) +
              (verb_.command.empty() ? " swaps" : " restarts");
      if (failed_restarts_ != 0) line += " (" + grouped(failed_restarts_) + " failed)";
    }
    terminal_.raw("\r\x1b[K" + terminal_.shown(control::shortened(line, terminal_.size_now().columns - 1)));
  }

  const LoadVerb& verb_;
  const control::Reached berth_;
  const Terminal& terminal_;
  const bool live_;
  loop::SignalPause signals_;
  load::RunFacts facts_;
  std::unique_ptr<load::Load> load_;
  milliseconds every_{0};
  std::optional<milliseconds> duration_;
  std::uint64_t failed_restarts_ = 0;
  Clock::time_point begun_, next_restart_, last_restart_, shown_;
};

std::variant<json::object, std::string> read_report(const std::string& path) {
  auto text = read_text_file(path);
  if (!text.error.empty()) return std::move(text.error);
  json::error_code error;
  json::value value = json::parse(text.text, error);
  if (error) return path + " is no JSON: " + error.message();
  if (const auto what = load::misread_report(value)) return path + ": " + *what;
  return std::move(value.as_object());
}

int compare(const LoadVerb& verb, const Terminal& terminal) {
  if (const auto what = unwritable(verb.html); !what.empty()) return refuse(terminal, what);
  std::vector<json::object> reports;
  for (const std::string& path : verb.compare) {
    auto report = read_report(path);
    if (const auto* what = std::get_if<std::string>(&report)) return refuse(terminal, *what);
    reports.push_back(std::get<json::object>(std::move(report)));
  }
  const auto name = [&](std::size_t i) { return std::filesystem::path(verb.compare[i]).filename().string(); };
  try {
    terminal.out(load::compare_text(reports[0], reports[1], name(0), name(1)));
  } catch (const std::exception&) {
    return refuse(terminal,
                  "a member of one report is missing, or of another type than docs/load.schema.json says");
  }
  if (!verb.html) return 0;
  const json::object both{{"compare", json::array{reports[0], reports[1]}},
                          {"names", json::array{name(0), name(1)}}};
  return write_file(*verb.html, page_of(json_text(both)), terminal) ? 0 : 1;
}

/// Not one right answer; where no requests were sent, no stream and no WebSocket either.
bool nothing_answered(const json::object& report) {
  const auto none = [](const json::value& of, const char* name) {
    return !of.is_object() || of.at(name).to_number<std::uint64_t>() == 0;
  };
  if (report.at("requests").to_number<std::uint64_t>() != 0)
    return report.at("answered").to_number<std::uint64_t>() == 0;
  return none(report.at("events"), "streams") && none(report.at("websockets"), "connections");
}

/// Text, files, and the exit code that the bounds decide.
int tell(const json::object& report, const LoadVerb& verb, const Terminal& terminal) {
  const std::string text = json_text(report);
  bool written = true;
  if (verb.json == std::optional<std::string>("-"))
    written = write_stdout(terminal_json(text) + "\n", terminal);
  else
    terminal.out(load::report_text(report));  // whether that was taken, exit_code_of_output() knows
  if (verb.json && *verb.json != "-")
    written = write_file(*verb.json, terminal_json(text) + "\n", terminal) && written;
  if (verb.html) written = write_file(*verb.html, page_of(text), terminal) && written;
  const bool silent = nothing_answered(report);
  if (silent) terminal.err("berth: nothing was answered as it should be: is the URL right?\n");
  return !written || silent || report.at("verdict") == "broken" ? 1 : 0;
}

}  // namespace

int run_load(const LoadVerb& verb, const Terminal& terminal) {
  std::signal(SIGPIPE, SIG_IGN);
  if (!verb.compare.empty()) return compare(verb, terminal);
  for (const auto& file : {verb.json, verb.html})
    if (const auto what = unwritable(file); !what.empty()) return refuse(terminal, what);
  const rlim_t descriptors = raise_descriptor_limit();
  Planned planned = plan_load(verb);
  if (!planned.error.empty()) return refuse(terminal, planned.error);
  if (const unsigned wanted = connections_of(planned.plan); wanted + kDescriptorsBeside > descriptors)
    return refuse(terminal, std::to_string(wanted) + " connections are more than this process may have (" +
                                std::to_string(descriptors) + " descriptors, see ulimit -Hn)");
  control::Reached berth;
  if (verb.swap_every.count() > 0) berth = control::reach_app(verb.target, terminal);
  if (berth.exit_code != 0) return berth.exit_code;
  try {
    return tell(Run(verb, std::move(planned.plan), std::move(berth), terminal).run(), verb, terminal);
  } catch (const std::system_error& error) {
    return refuse(terminal, std::string("cannot begin: ") + error.what(), 1);
  } catch (const std::invalid_argument& error) {
    return refuse(terminal, error.what());
  }
}

}  // namespace berth::load_verb
