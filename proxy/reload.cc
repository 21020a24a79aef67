#include "proxy/reload.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "config/config_change.h"

namespace berth {
namespace {

using control::SwapResult;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string change_text(const AppChange& change) {
  switch (change.kind) {
    case AppChange::Kind::Added:
      return change.app + ": new";
    case AppChange::Kind::Removed:
      return change.app + ": taken away";
    case AppChange::Kind::Restarted:
      return change.app + ": swapping, for its " + joined(change.keys);
    case AppChange::Kind::Adjusted:
      return change.app + ": " + joined(change.keys) + " changed";
  }
  return {};
}

const AppConfig& app_of(const Config& config, const std::string& name) {
  return *std::find_if(config.apps.begin(), config.apps.end(),
                       [&](const AppConfig& app) { return app.name == name; });
}

/// The new command, or the new server, as the file has it; its variables are the app's already.
control::SwapRequest request_of(const AppConfig& app) {
  control::SwapRequest request;
  request.asker = control::SwapAsker::File;
  if (app.attached_later) {
    request.verb = control::SwapVerbKind::Detach;
    return request;
  }
  request.command = app.command;
  request.to = app.external;
  request.dir = app.dir;
  return request;
}

}  // namespace

struct Reloader::Open {
  control::ReloadWatch watch;
  std::size_t left = 1;  ///< this call itself
  SwapResult worst{};

  void ended(const std::string& app, const SwapResult& result) {
    const bool unreleased = result.kind == SwapResult::Kind::Unreleased;
    const bool worse = result.kind != SwapResult::Kind::Done &&
                       (worst.kind == SwapResult::Kind::Done || worst.kind == SwapResult::Kind::Unreleased);
    if (worse) worst = {unreleased ? SwapResult::Kind::Unreleased : SwapResult::Kind::Failed, {}, {}};
    if (result.kind != SwapResult::Kind::Done)
      worst.reason += (worst.reason.empty() ? "" : "\n") + app + ": " + result.reason;
    close();
  }
  void close() {
    if (--left == 0) watch.on_result(worst);
  }
};

Reloader::Reloader(Config& config, const Parts& parts, std::function<RunConfig()> reread)
    : config_(config),
      plane_(parts.plane),
      listeners_(parts.listeners),
      fleet_(parts.fleet),
      accounts_(parts.accounts),
      log_(parts.log),
      service_(parts.service),
      reread_(std::move(reread)) {}

void Reloader::reload(const control::ReloadWatch& watch) {
  const auto refuse = [&](const std::string& reason) {
    watch.on_result({SwapResult::Kind::Failed, reason, {}});
  };
  if (!reread_) return refuse("this berth was started without a file: there is nothing to read again");
  RunConfig fresh = reread_();
  if (fresh.nothing_to_run) return refuse("the file is gone; nothing has changed");
  if (!fresh.errors.empty()) {
    std::string faults;
    for (const ConfigError& error : fresh.errors) faults += error.text() + "\n";
    return refuse(faults + "nothing has changed");
  }
  if (std::string wrong = obstacle(fresh.config); !wrong.empty())
    return refuse(wrong + "\nnothing has changed");
  apply(std::move(fresh.config), watch);
}

/// Why the file cannot be applied as a whole now.
std::string Reloader::obstacle(const Config& fresh) const {
  for (const AppConfig& app : fresh.apps)
    if (fleet_.leaving(app.name))
      return "app '" + app.name +
             "' is still being taken away: reload again when `berth status` no longer shows it";
  return {};
}

/// What may fail. Otherwise what is wrong, and nothing has changed.
std::string Reloader::open(const Config& next) {
  if (std::string wrong = accounts_.open(next.front); !wrong.empty()) return wrong;
  std::string wrong =
      listeners_.open(next.listeners, [](const ListenerConfig& listener, const Inherited& inherited) {
        return open_public(listener, inherited);
      });
  if (!wrong.empty()) accounts_.discard();
  return wrong;
}

void Reloader::apply(Config fresh, const control::ReloadWatch& watch) {
  const std::vector<std::string> restart = compare(config_, fresh).restart;
  Config next = applicable(config_, std::move(fresh));
  ConfigChange change = compare(config_, next);
  add_owed(change);
  // What may fail comes first.
  const std::string wrong = open(next);
  if (!wrong.empty()) return watch.on_result({SwapResult::Kind::Failed, wrong + "\nnothing has changed", {}});

  for (const AppChange& one : change.apps) watch.on_change(change_text(one));
  for (const std::string& key : change.listeners) watch.on_change(key + " changed");
  for (const std::string& key : change.front) watch.on_change(key + " changed");
  for (const std::string& key : restart)
    watch.on_change(key + " differs and stays as it was: a restart of berth applies it");
  if (change.none() && restart.empty()) watch.on_change("the file says what runs already");

  config_ = std::move(next);
  log_.change(observe::format_of(config_.front.log), observe::level_of(config_.front.log));
  accounts_.apply(config_.front, plane_, service_);
  accounts_.reopen();  // by now the name may be another file's
  const bool moved =
      std::find(change.front.begin(), change.front.end(), "front.metrics") != change.front.end();
  if (moved)
    for (const std::string& line : accounts_.announcement()) watch.on_change(line);
  for (const AppChange& one : change.apps) {
    if (one.kind == AppChange::Kind::Added) add(app_of(config_, one.app));
    if (one.kind == AppChange::Kind::Restarted || one.kind == AppChange::Kind::Adjusted)
      adjust(app_of(config_, one.app));
  }
  if (!change.listeners.empty())  // their keys stand in the status of each app that they are for
    for (const AppConfig& app : config_.apps)
      fleet_.shell(app.name).reconfigure(app, listeners_of(app), listeners_.addresses(app.listen));
  serve();
  auto open = std::make_shared<Open>(Open{watch});
  for (const AppChange& one : change.apps) {
    const auto ended = [open, app = one.app](const SwapResult& result) { open->ended(app, result); };
    if (one.kind == AppChange::Kind::Removed) {
      ++open->left;
      owed_.erase(one.app);
      fleet_.remove(one.app, ended);
    }
    if (one.kind == AppChange::Kind::Restarted && fleet_.started(one.app)) {
      ++open->left;
      control::SwapWatch follow;
      owed_.insert(one.app);
      auto over = std::make_shared<bool>(false);
      follow.on_result = [this, ended, watch, over, app = one.app](const SwapResult& result) {
        *over = true;
        const bool serves =
            result.kind == SwapResult::Kind::Done || result.kind == SwapResult::Kind::Unreleased;
        if (serves) owed_.erase(app);
        if (serves) watch.on_change(app + ": swapped");
        ended(result);
      };
      auto handle = fleet_.shell(one.app).swap(request_of(app_of(config_, one.app)), std::move(follow));
      fleet_.follow(one.app, std::move(handle), std::move(over));
    }
  }
  fleet_.start_ready();
  open->close();
}

/// Whether nobody has swapped it by hand since the file's swap failed.
bool Reloader::still_owed(const std::string& app) const {
  if (!owed_.contains(app) || !fleet_.has(app)) return false;
  for (const observe::SwapReport& report : fleet_.shell(app).reports()) {
    using observe::SwapCause;
    // One that runs is not begun anew by another look at the same file.
    if (report.cause == SwapCause::Reload) return report.outcome != observe::SwapOutcome::Running;
    const bool by_hand = report.cause == SwapCause::Swap || report.cause == SwapCause::Attach ||
                         report.cause == SwapCause::Detach || report.cause == SwapCause::Rollback;
    if (by_hand && report.outcome != observe::SwapOutcome::Failed &&
        report.outcome != observe::SwapOutcome::Cancelled)
      return false;
  }
  return false;
}

/// What the last reload could not bring in, where the file says nothing newer of it.
void Reloader::add_owed(ConfigChange& change) const {
  for (const std::string& app : owed_) {
    const auto known = std::find_if(change.apps.begin(), change.apps.end(),
                                    [&](const AppChange& one) { return one.app == app; });
    const bool again = known == change.apps.end() || known->kind == AppChange::Kind::Adjusted;
    if (!again || !still_owed(app)) continue;
    if (known == change.apps.end())
      change.apps.push_back(
          {AppChange::Kind::Restarted, app, {"command, which did not come to serve before"}});
    else
      known->kind = AppChange::Kind::Restarted;
  }
}

std::vector<ListenerConfig> Reloader::listeners_of(const AppConfig& app) const {
  std::vector<ListenerConfig> found;
  std::copy_if(config_.listeners.begin(), config_.listeners.end(), std::back_inserter(found),
               [&](const ListenerConfig& each) { return !app.listen.empty() && each.listen == app.listen; });
  return found;
}

void Reloader::add(const AppConfig& app) {
  fleet_.add(app, listeners_of(app), listeners_.addresses(app.listen));
}

void Reloader::adjust(const AppConfig& app) {
  fleet_.shell(app.name).reconfigure(app, listeners_of(app), listeners_.addresses(app.listen));
  fleet_.adjust(app);
  plane_.set_limits(fleet_.number_of(app.name), app.limits);
  plane_.set_fields(fleet_.number_of(app.name), app.fields);
  plane_.set_long(fleet_.number_of(app.name), app.long_before_drain());
}

void Reloader::serve() {
  listeners_.serve(plane_, config_, [this](const std::string& app) { return fleet_.number_of(app); });
}

}  // namespace berth
