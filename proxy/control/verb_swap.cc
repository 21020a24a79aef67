#include <boost/json/parse.hpp>
#include <chrono>
#include <optional>

#include "config/json_text.h"
#include "config/working_dir.h"
#include "proxy/control/json_map.h"
#include "proxy/control/json_read.h"
#include "proxy/control/phase_text.h"
#include "proxy/control/verbs.h"

namespace berth::control {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

// Shows a swap's lines as they come and remembers what it came to.
class SwapScreen {
 public:
  SwapScreen(const std::string& app, bool json, const Terminal& terminal)
      : json_(json), terminal_(terminal), phases_(app, terminal.colour), paint_(terminal.colour) {}

  void line(std::string_view text) {
    if (json_) terminal_.json(std::string(text) + "\n");
    json::error_code error;
    json::value value = json::parse(json::string_view(text.data(), text.size()), error);
    if (error || !value.is_object()) return;
    const json::value* event = value.get_object().if_contains("event");
    if (event == nullptr || !event->is_string()) return;
    if (event->get_string() == "result") return result(value);
    if (event->get_string() == "switched") stage_ = Stage::Switched;
    if (json_) return;
    if (event->get_string() == "queued") queued(value.get_object());
    if (event->get_string() == "phase") phase(value);
  }

  /// The running phase's line again, with the time it has taken by now.
  void tick() {
    if (!running_ || json_ || !terminal_.takes_frame()) return;
    auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since_);
    const std::string line = terminal_.shown(phases_.running(*running_, elapsed));
    terminal_.raw("\r\x1b[K" + shortened(line, terminal_.columns - 1));
    drawn_ = true;
  }

  /// Takes the running phase's line off the screen.
  void clear() {
    if (drawn_) terminal_.raw("\r\x1b[K");
    drawn_ = false;
    running_.reset();
  }

  std::optional<int> exit_code() const { return exit_code_; }

  /// What goes on when its watcher leaves, for `restart` or `swap`.
  std::string under_way(const std::string& name) const {
    if (stage_ == Stage::Switched)
      return "the new one serves, and the retirement of the old one (`berth why` tells how it ends)";
    return "the " + name + " (`berth why` tells how it ends, `berth cancel` ends it)";
  }

 private:
  void queued(const json::object& object) {
    const json::value* text = object.if_contains("text");
    if (text == nullptr || !text->is_string()) return;
    terminal_.out("queued: " + std::string(text->get_string().data(), text->get_string().size()) + "\n");
  }

  void phase(const json::value& value) {
    auto record = phase_from(value);
    if (!record) return;
    const bool goes_on =
        running_ && running_->generation == record->generation && running_->name == record->name;
    clear();
    if (record->state == observe::PhaseState::Running) {
      running_ = *record;
      if (!goes_on) since_ = Clock::now();
      again_ = goes_on ? again_ + 1 : 0;
      // Without a line that is drawn again and again, what it waits for is told once, and only if it lasts.
      constexpr int kLasts = 3;
      if (again_ == kLasts && !terminal_.live && !json_) {
        const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - since_);
        terminal_.out(phases_.running(*record, elapsed) + "\n");
      }
      return tick();
    }
    terminal_.out(phases_.ended(*record) + "\n");
  }

  void result(const json::value& value) {
    clear();
    auto outcome = outcome_from(value);
    if (!outcome) return;
    exit_code_ = outcome->exit_code;
    if (!json_) terminal_.out(outcome_text(*outcome, paint_));
  }

  enum class Stage : std::uint8_t { Coming, Switched } stage_ = Stage::Coming;
  bool json_;
  const Terminal& terminal_;
  PhaseText phases_;
  Paint paint_;
  std::optional<observe::PhaseRecord> running_;
  Clock::time_point since_;
  int again_ = 0;  ///< how often the running phase has been told anew
  bool drawn_ = false;
  std::optional<int> exit_code_;
};

std::string_view name_of(SwapVerb::Kind kind) {
  switch (kind) {
    case SwapVerb::Kind::Restart:
      return "restart";
    case SwapVerb::Kind::Attach:
      return "attach";
    case SwapVerb::Kind::Detach:
      return "detach";
    case SwapVerb::Kind::Rollback:
      return "rollback";
    case SwapVerb::Kind::Swap:
      break;
  }
  return "swap";
}

Call swap_call(const SwapVerb& verb, const std::string& app) {
  SwapRequest request;
  request.command = verb.command;
  request.to = verb.to;
  request.only = verb.only;
  request.back_to = verb.back_to;
  request.released_within = verb.released_within;
  request.env = verb.env;
  request.queue = verb.queue;
  // A command typed here means files here; the same command again stays where it was.
  if (!verb.command.empty()) request.dir = working_dir();
  json::object body = to_json(request);
  if (!verb.wait_for_release) body["wait"] = "switch";
  return {"POST", "/v1/apps/" + app + "/" + std::string(name_of(verb.kind)), json_text(body)};
}

}  // namespace

int run_verb(const SwapVerb& verb, const Terminal& terminal) {
  Reached reached = reach_app(verb.target, terminal);
  if (reached.exit_code != 0) return reached.exit_code;
  SwapScreen screen(reached.app, verb.target.json, terminal);
  Following following;
  following.on_line = [&](std::string_view line) { screen.line(line); };
  if (terminal.live && !verb.target.json) following.on_tick = [&] { screen.tick(); };
  if (verb.timeout != kOff) following.timeout = verb.timeout;
  CallResult result = call(reached.socket, swap_call(verb, reached.app), following);
  screen.clear();
  if (result.end != CallEnd::Complete || result.status != 200) {
    return tell_failure(result, verb.target, screen.under_way(std::string(name_of(verb.kind))), terminal);
  }
  if (screen.exit_code()) return *screen.exit_code();
  return tell_problem({.exit_code = 3,
                       .type = "berth-ended",
                       .title = "The berth ended",
                       .detail = "the berth ended before the swap was over"},
                      verb.target, terminal);
}

}  // namespace berth::control
