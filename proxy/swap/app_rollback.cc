// The way back: the old generation that is kept warm, and the commands that served before.
#include "config/duration_text.h"
#include "proxy/swap/app_shell.h"

namespace berth::swap {

using observe::Level;

ServedAs AppShell::served_as(const Wish& wish) {
  return {.command = wish.command, .external = wish.external, .dir = wish.dir, .env = wish.env};
}

bool AppShell::goes_to_warm(const control::SwapRequest& request) const {
  const Generation warm = warm_one(state_);
  if (warm.number == 0 || request.back_to == 0) return warm.number != 0;
  const History::Row* row = history_.find(request.back_to);
  return row != nullptr && row->told.last == warm;
}

std::string AppShell::rollback_objection(const control::SwapRequest& request) const {
  if (state_.state >= AppState::Stopping) return {};
  if (request.back_to != 0) {
    const std::string number = std::to_string(request.back_to);
    const History::Row* row = history_.find(request.back_to);
    if (row == nullptr) return "the history has no command " + number + ": `berth history` lists what it has";
    const bool serves = state_.current.number != 0 && row->what == served_as(last_wish());
    return serves ? "command " + number + " serves now: `berth restart` starts it anew" : std::string();
  }
  if (goes_to_warm(request) || history_.last_other_than(served_as(last_wish())) != nullptr) return {};
  return "no other command has served before: there is nothing to go back to, and `berth restart` starts the "
         "same anew";
}

AppShell::Wish AppShell::way_back(const control::SwapRequest& request) const {
  Wish wish;
  wish.cause = observe::SwapCause::Rollback;
  wish.asked = now();
  const History::Row* row = request.back_to != 0 ? history_.find(request.back_to)
                                                 : history_.last_other_than(served_as(last_wish()));
  const Wish& warm = previous_wish();
  const ServedAs what = goes_to_warm(request) ? served_as(warm) : row != nullptr ? row->what : ServedAs{};
  wish.command = what.command;
  wish.external = what.external;
  wish.dir = what.dir;
  wish.env = what.env;
  return wish;
}

void AppShell::tell_warmed(Generation generation) {
  const std::string time = duration_text(settings_.patience.keep_old);
  log(Level::Info, generation, "kept warm for " + time + ": `berth rollback` goes back to it");
  book_.kept(generation, "generation " + std::to_string(generation.number) + " is kept warm for " + time +
                             ": `berth rollback` goes back to it");
}

void AppShell::tell_revived(Generation generation) {
  log(Level::Info, generation, "kept warm until now: it is gone back to");
  book_.revived(generation);
}

}  // namespace berth::swap
