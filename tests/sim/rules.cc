#include "tests/sim/rules.h"

#include <algorithm>

namespace berth::sim {

using swap::Moment;
using Do = swap::SupervisorActionKind;
using namespace std::chrono_literals;

void Rules::require(bool kept, const std::string& rule, Generation generation) {
  if (kept || !broken_.empty()) return;
  broken_ = rule + " (generation " + std::to_string(generation.number) + ")";
}

std::size_t Rules::retiring() const {
  return static_cast<std::size_t>(std::count_if(facts_.begin(), facts_.end(), [this](const auto& f) {
    return f.first != current_ && f.first != coming_ && !f.second.stopped && !f.second.warm;
  }));
}

void Rules::begin(const swap::SupervisorAction& action) {
  const Generation g = action.generation;
  const bool automatic = action.ask.origin == swap::Origin::Automatic;
  require(coming_.number == 0, "at most one swap runs at a time", g);
  const bool revived = facts_.contains(g) && facts_[g].warm;
  require(newest_ < g || revived, "a generation's number is never used again", g);
  require(shutdown_ == swap::kNever, "nothing is started in a shutdown", g);
  require(!resting_ || action.ask.origin == swap::Origin::User, "what was cancelled does not come by itself",
          g);
  require(!vacant_ || action.ask.origin == swap::Origin::User, "what was vacated does not come by itself", g);
  require(!comes_back_ || (automatic && action.ask.number == last_good_),
          "after a failed stop-start what served comes back", g);
  if (!automatic) queued_ = false;
  coming_ = g;
  newest_ = std::max(newest_, g);
  if (revived) facts_[g].warm = false;
  coming_ask_ = action.ask;
  replaced_ = current_;
  // Nobody can go back to one that was made to hold.
  const bool leaving = held_ != swap::kNever && current_.number != 0;
  coming_order_ = leaving ? SwapOrder::StopStart : action.ask.order;
  comes_back_ = false;
}

void Rules::start(const swap::SupervisorAction& action) {
  const Generation g = action.generation;
  require(g == coming_, "only what was begun is started", g);
  require(coming_order_ == SwapOrder::Overlap || facts_.empty(),
          "in the stop-start order two are never alive at once", g);
  facts_[g] = {};
}

void Rules::fail(Generation g) {
  const bool due = coming_order_ == SwapOrder::StopStart && replaced_.number != 0 && !queued_ &&
                   coming_ask_.origin == swap::Origin::User && shutdown_ == swap::kNever;
  require(due == comes_back_, "what served comes back exactly where it was ended for nothing", g);
  if (coming_ask_.origin != swap::Origin::Automatic) answer(coming_ask_.number);
  coming_ = {};
}

void Rules::cut(Generation g, Moment now, bool pinned_too) {
  Facts& facts = facts_[g];
  const Milliseconds drain = pinned_too && !facts.unpinned ? longest_drain() : patience_.drain;
  const bool drained_long = now >= swap::after(facts.drains_since, drain);
  const bool crowded = retiring() > patience_.max_retiring;
  const bool unrefused = shutdown_ != swap::kNever && now >= swap::after(shutdown_, patience_.drain);
  const bool unheld = held_ != swap::kNever && now >= swap::after(held_, patience_.drain);
  require(drained_long || crowded || hurried_ || unrefused || unheld || died_.contains(g),
          "exchanges are cut only at the drain deadline", g);
  facts.cut = pinned_too;
}

void Rules::stop(Generation g, Moment now, std::size_t holders) {
  Facts& facts = facts_[g];
  require(!facts.stop_asked, "a generation is stopped once", g);
  require(g != current_ || died_.contains(g), "the current generation is not stopped", g);
  facts.stop_asked = true;
  if (!facts.switched)
    return require(holders == 0, "a generation that was never switched to has no request", g);
  if (died_.contains(g)) return;
  require(facts.drains_since != swap::kNever, "an old generation is drained before it is stopped", g);
  require(holders == 0 || facts.cut, "an old generation is stopped only empty or past its deadline", g);
  const Moment latest = swap::after(swap::after(facts.drains_since, longest_drain()), patience_.cut);
  require(now <= latest, "a drain does not exceed its deadline and the time of its cut", g);
}

void Rules::answer(std::uint64_t number) {
  if (number == 0) return;
  require(open_asks_.erase(number) == 1, "an ask is answered once");
  require(answered_asks_.insert(number).second, "an ask is answered once");
}

void Rules::action(const swap::SupervisorAction& action, Moment now, std::size_t holders) {
  const Generation g = action.generation;
  const bool known = action.kind == Do::Begun || action.kind == Do::StartBackend ||
                     action.kind == Do::Abandoned || action.kind == Do::ComesBack ||
                     action.kind == Do::SwapFailed || action.kind == Do::FirstStartFailed ||
                     facts_.contains(g);
  require(g.number == 0 || known, "only what is known is acted on", g);
  require(!finished_, "nothing is done after the end", g);
  const bool waited_for = shutdown_ != swap::kNever || vacant_ || held_ != swap::kNever ||
                          (coming_.number != 0 && coming_order_ == SwapOrder::StopStart);
  if (waited_for)
    for (auto& [generation, facts] : facts_) facts.unpinned = true;
  switch (action.kind) {
    case Do::Begun:
      return begin(action);
    case Do::StartBackend:
      return start(action);
    case Do::HoldRequests:
      if (held_ == swap::kNever) held_ = now;
      return;
    case Do::Vacated:
      vacant_ = true;
      return answer(action.ask.number);
    case Do::Warmed:
      require(!died_.contains(g) && g != current_, "only an old one that lives is kept", g);
      facts_[g].warm = true;
      return;
    case Do::Revived:
      return require(facts_[g].warm && !died_.contains(g), "only a warm one that lives comes again", g);
    case Do::ComesBack:
      comes_back_ = true;
      return;
    case Do::Queued:
      queued_ = true;
      return;
    case Do::SwitchTarget:
      require(g == coming_, "only the coming generation is switched to", g);
      return;
    case Do::Switched:
      require(g == coming_, "only the coming generation is switched to", g);
      if (coming_ask_.origin != swap::Origin::Automatic) answer(coming_ask_.number);
      last_good_ = coming_ask_.number;
      vacant_ = false;
      held_ = swap::kNever;
      current_ = g;
      coming_ = {};
      facts_[g].switched = true;
      resting_ = false;
      return;
    case Do::Rest:
      require(current_.number == 0 && coming_.number == 0,
              "only where nothing serves or comes is there rest");
      resting_ = true;
      return;
    case Do::SwapFailed:
      return fail(g);
    case Do::Refused:
      if (shutdown_ != swap::kNever) queued_ = false;
      return answer(action.ask.number);
    case Do::Superseded:
      return answer(action.ask.number);
    case Do::Crashed:
      require(died_.contains(g) && g == current_, "only a current generation that ended has crashed", g);
      current_ = {};
      return;
    case Do::WatchDrain:
      require(g != current_ || shutdown_ != swap::kNever || vacant_ ||
                  (coming_.number != 0 && coming_order_ == SwapOrder::StopStart),
              "the current generation does not retire", g);
      if (g == current_) current_ = {};
      facts_[g].drains_since = now;
      facts_[g].warm = false;
      return;
    case Do::CutOthers:
      return cut(g, now, false);
    case Do::CutHolders:
      return cut(g, now, true);
    case Do::StopBackend:
      return stop(g, now, holders);
    case Do::KillBackend:
      return require(facts_[g].stop_asked, "KILL comes after the stop", g);
    case Do::ReleaseBackend:
      return require(facts_[g].stopped, "a port is proven free only when the tree is empty", g);
    case Do::RetirementOverdue:
      facts_[g].overdue = true;
      return;
    case Do::Forget:
      require(facts_[g].answered || facts_[g].overdue, "a port is not given back before its release", g);
      facts_.erase(g);
      return;
    case Do::Finished:
      finished_ = true;
      return require(facts_.empty(), "every process is reaped before the end");
    case Do::RefuseRequests:
    case Do::SwitchLate:
    case Do::Abandoned:
    case Do::FirstReady:
    case Do::FirstStartFailed:
      return;
  }
}

void Rules::request(Generation chosen) {
  const auto at = facts_.find(chosen);
  const bool late_news = died_.contains(chosen) || shutdown_ != swap::kNever;
  require(at != facts_.end() || late_news, "a request goes to a generation that exists", chosen);
  if (at == facts_.end()) return;
  require(!at->second.warm, "no request goes to one that is only kept", chosen);
  require(at->second.drains_since == swap::kNever || hurried_,
          "no request goes to an old generation after the switch", chosen);
  require(!at->second.stop_asked || late_news, "no request goes to a stopped generation", chosen);
}

void Rules::state(const swap::Supervisor& s, Moment now, bool routable) {
  require(s.current == current_, "the current generation is what was switched to", s.current);
  const bool may_hold = held_ != swap::kNever || shutdown_ != swap::kNever;
  const bool must_route = died_.empty() && !may_hold && current_.number != 0;
  require(!must_route || routable, "every worker has a target that answers");
  const bool settled = current_.number != 0 && coming_.number == 0 && !vacant_;
  require(!settled || !may_hold || shutdown_ != swap::kNever, "what serves undisturbed gets its requests",
          current_);
  const auto calm =
      std::count_if(s.retirements.begin(), s.retirements.end(), [this](const swap::Retirement& r) {
        return r.pace == swap::Pace::Calm && r.generation != coming_ &&
               r.state != swap::RetirementState::Releasing && r.state != swap::RetirementState::Warm;
      });
  require(calm <= static_cast<std::ptrdiff_t>(patience_.max_retiring),
          "past max_retiring the oldest is hurried");
  for (const swap::Retirement& r : s.retirements) {
    require(!r.over(), "a retirement that is over is forgotten", r.generation);
    require(r.deadline != swap::kNever, "every wait has a deadline", r.generation);
  }
  require(swap::next_deadline(s) >= now, "a deadline that has passed is acted on");
  if (shutdown_ == swap::kNever) return;
  const Milliseconds longest = longest_drain() + patience_.cut + patience_.stop + patience_.kill +
                               patience_.release + patience_.slack + patience_.acknowledge + 2s;
  require(finished_ || now <= swap::after(shutdown_, longest), "a shutdown ends in bounded time");
}

void Rules::end(const swap::Supervisor& s) {
  require(s.state == swap::AppState::Finished && finished_, "the world ends finished");
  require(open_asks_.empty(), "every ask is answered");
  require(facts_.empty(), "every process is reaped");
}

}  // namespace berth::sim
