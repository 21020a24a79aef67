// What an ask means: which command or server, where, with which variables; and which asks mean nothing here.
#include "config/listen_text.h"
#include "config/placeholders.h"
#include "proxy/swap/app_shell.h"

namespace berth::swap {

using control::SwapVerbKind;
using observe::SwapCause;

namespace {

SwapCause cause_of(const control::SwapRequest& request) {
  if (request.asker == control::SwapAsker::Key) return SwapCause::Key;
  if (request.asker == control::SwapAsker::File) return SwapCause::Reload;
  switch (request.verb) {
    case SwapVerbKind::Restart:
      return SwapCause::Restart;
    case SwapVerbKind::Attach:
      return SwapCause::Attach;
    case SwapVerbKind::Detach:
      return SwapCause::Detach;
    case SwapVerbKind::Rollback:
      return SwapCause::Rollback;
    case SwapVerbKind::Swap:
      break;
  }
  return SwapCause::Swap;
}

}  // namespace

AppShell::Wish AppShell::wish_of(const control::SwapRequest& request) const {
  const bool again = request.command.empty() && !request.to && request.verb != SwapVerbKind::Detach;
  Wish wish;
  if (request.verb == SwapVerbKind::Rollback) return way_back(request);
  wish.cause = cause_of(request);
  wish.same = again ? Wish::Same::Again : Wish::Same::No;
  wish.own_dir = request.dir;
  wish.own_env = request.env;
  wish.command = request.command;
  wish.external = request.to;
  wish.env = settings_.app.env;
  wish.asked = now();
  if (request.verb == SwapVerbKind::Detach) {
    wish.command = settings_.app.command;
    wish.own_dir = settings_.app.dir;
  }
  resolve(wish);
  return wish;
}

QueuePolicy AppShell::queue_policy(const control::SwapRequest& request, const Wish& wish) const {
  // Behind another swap what is attached, and what served before, may be another.
  const bool relative = request.verb == SwapVerbKind::Rollback && request.back_to == 0;
  if (!request.queue || request.only || relative) return QueuePolicy::Refuse;
  // "The same again" behind a swap to something else means what that brings.
  const bool other =
      wish.same == Wish::Same::Again && served_as(wish_number(state_.asked.number)) != served_as(last_wish());
  return other ? QueuePolicy::Wait : QueuePolicy::Replace;
}

std::string AppShell::objection(const control::SwapRequest& request) const {
  if (request.verb == SwapVerbKind::Rollback) return rollback_objection(request);
  if (request.verb == SwapVerbKind::Detach) {
    const auto at = seats_.find(state_.current);
    const bool attached = at != seats_.end() && at->second.external;
    if (state_.state >= AppState::Stopping) return {};
    if (!attached) return "no server is attached";
    const Endpoint& there = at->second.ready->endpoint;
    return !request.only || there == *request.only
               ? std::string()
               : "the server on " + there.text() + " is attached, not " + request.only->text();
  }
  for (const std::string& word : request.command)
    if (const auto wrong = reserved_fault(word)) return *wrong;
  for (const auto& [name, value] : request.env)
    if (const auto wrong = reserved_fault(value)) return *wrong;
  if (request.to) {
    for (const std::string& address : settings_.addresses) {
      const auto own = Endpoint::parse(address);
      if (own && reaches(*request.to, *own))
        return request.to->text() + " is the address of this app: berth would ask itself";
    }
    for (const auto& [generation, seat] : seats_) {
      if (!seat.backend || !seat.backend->listens_at(*request.to)) continue;
      return request.to->text() + " belongs to generation " + std::to_string(generation.number) + " of " +
             name() +
             " itself, which berth ends once the attached server serves: attach the server to another app, "
             "or "
             "run it outside of berth";
    }
  }
  const bool again = request.command.empty() && !request.to;
  if (!again || state_.state >= AppState::Stopping) return {};
  const Wish& last = last_wish();
  if (last.external) {
    return "berth did not start the server on " + last.external->text() +
           " and cannot start it again: start another yourself, then `berth swap --to ADDRESS`";
  }
  if (last.command.empty())
    return "there is nothing to start again: `berth attach ADDRESS`, or `berth swap -- COMMAND`";
  return {};
}

const AppShell::Wish& AppShell::wish_number(std::uint64_t number) const {
  static const Wish kNone;
  const auto at = wishes_.find(number);
  return at == wishes_.end() ? kNone : at->second;
}

void AppShell::resolve(Wish& wish) const {
  const Wish& last = last_wish();
  if (wish.same == Wish::Same::Again) {
    wish.command = last.command;
    wish.external = last.external;
    wish.env = last.env;
  }
  wish.dir = wish.own_dir.empty() ? last.dir : wish.own_dir;
  for (const auto& [key, value] : wish.own_env) wish.env[key] = value;
}

}  // namespace berth::swap
