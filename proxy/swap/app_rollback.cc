// The way back: the old generation that is kept warm, and what served before.
#include "config/duration_text.h"
#include "proxy/swap/app_shell.h"

namespace berth::swap {

using observe::Level;

std::string AppShell::rollback_objection() const {
  if (state_.state >= AppState::Stopping || warm_one(state_).number != 0) return {};
  const Wish& last = last_wish();
  const Wish& before = previous_wish();
  if (before.command.empty() && !before.external)
    return "nothing else has served before: there is nothing to go back to";
  const bool same = before.command == last.command && before.external == last.external &&
                    before.dir == last.dir && before.env == last.env;
  if (!same) return {};
  return "what served before had the same command, directory and environment: `berth restart` starts it anew";
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
