#include "proxy/fleet.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace berth {
namespace {

control::RecentStatus recent_status(const route::Recent& recent) {
  return {.window_ms = recent.window.count(),
          .answered = recent.latencies.count(),
          .p50_us = recent.latencies.percentile(50).count(),
          .p99_us = recent.latencies.percentile(99).count(),
          .max_us = recent.latencies.max().count()};
}

}  // namespace

Fleet::Fleet(boost::asio::io_context& control, http::DataPlane& plane, swap::AppEvents& owner,
             Settings settings)
    : control_(control), plane_(plane), owner_(owner), settings_(std::move(settings)), launcher_(control) {}

Fleet::~Fleet() = default;

void Fleet::add(const AppConfig& app, std::vector<ListenerConfig> listeners,
                std::vector<std::string> addresses) {
  Served served;
  served.id = plane_.add_app(app.name, app.limits);
  plane_.set_fields(served.id, app.fields);
  plane_.set_long(served.id, app.long_before_drain());
  served.after = app.after;
  served.plane = std::make_unique<swap::DataPlaneAdapter>(plane_, served.id);
  served.shell = std::make_unique<swap::AppShell>(control_,
                                                  swap::ShellSettings{.app = app,
                                                                      .listeners = std::move(listeners),
                                                                      .patience = swap::patience_of(app),
                                                                      .addresses = std::move(addresses),
                                                                      .control_path = settings_.control_path,
                                                                      .runtime_dir = settings_.runtime_dir},
                                                  *served.plane, launcher_, owner_);
  apps_.push_back(std::move(served));
}

void Fleet::remove(const std::string& app, std::function<void(control::SwapResult)> removed) {
  const auto at = std::find_if(apps_.begin(), apps_.end(),
                               [&](const Served& served) { return served.shell->name() == app; });
  at->leaves = true;
  serving_.erase(app);
  at->shell->shutdown(std::move(removed));
}

void Fleet::ended(const std::string& app) {
  // Later: who tells it is the shell itself.
  boost::asio::post(control_, [this, app] {
    std::erase_if(apps_, [&](const Served& served) { return served.leaves && served.shell->name() == app; });
  });
}

void Fleet::adjust(const AppConfig& app) {
  for (Served& served : apps_)
    if (served.shell->name() == app.name) served.after = app.after;
}

bool Fleet::started(const std::string& app) const { return find(app)->started; }

void Fleet::follow(const std::string& app, std::shared_ptr<void> swap, std::shared_ptr<bool> over) {
  for (Served& served : apps_) {
    if (served.shell->name() != app) continue;
    std::erase_if(served.followed, [](const Followed& each) { return *each.over; });
    served.followed.push_back({std::move(swap), std::move(over)});
    return;
  }
}

std::string Fleet::waits_for(const Served& served) const {
  for (const std::string& name : served.after)
    if (!serving_.contains(name)) return name;
  return {};
}

void Fleet::start_ready() {
  for (Served& served : apps_) {
    if (served.started || !waits_for(served).empty()) continue;
    served.started = true;
    served.shell->start();
  }
}

void Fleet::serves(const std::string& app) {
  serving_.insert(app);
  start_ready();
}

const Fleet::Served* Fleet::find(const std::string& app) const {
  const auto at = std::find_if(apps_.begin(), apps_.end(),
                               [&](const Served& served) { return served.shell->name() == app; });
  return at == apps_.end() ? nullptr : &*at;
}

bool Fleet::has(const std::string& app) const { return find(app) != nullptr; }

std::string Fleet::state(const std::string& app) const {
  const Served& served = *find(app);
  return served.started || waits_for(served).empty() ? served.shell->state_word() : "waiting";
}

bool Fleet::leaving(const std::string& app) const {
  const Served* served = find(app);
  return served != nullptr && served->leaves;
}

swap::AppShell& Fleet::shell(const std::string& app) const { return *find(app)->shell; }

http::AppId Fleet::number_of(const std::string& app) const { return find(app)->id; }

std::vector<std::string> Fleet::names() const {
  std::vector<std::string> names;
  names.reserve(apps_.size());
  for (const Served& served : apps_) names.push_back(served.shell->name());
  return names;
}

void Fleet::status(std::function<void(std::vector<control::AppStatus>)> answer) const {
  auto all = std::make_shared<std::vector<control::AppStatus>>(apps_.size());
  auto left = std::make_shared<std::size_t>(apps_.size() * 2);
  const auto one_came = [all, left, answer] {
    if (--*left == 0) answer(std::move(*all));
  };
  for (std::size_t i = 0; i < apps_.size(); ++i) {
    const std::string waits = apps_[i].started ? std::string() : waits_for(apps_[i]);
    apps_[i].shell->status([all, i, waits, one_came](control::AppStatus app) {
      if (!waits.empty()) app.state = "waiting";
      app.waits_for = waits;
      app.recent = (*all)[i].recent;
      (*all)[i] = std::move(app);
      one_came();
    });
    plane_.recent(apps_[i].id, [all, i, one_came](const route::Recent& recent) {
      (*all)[i].recent = recent_status(recent);
      one_came();
    });
  }
}

void Fleet::shutdown(const std::function<void(const control::SwapResult&)>& stopped) {
  for (Served& served : apps_) served.shell->shutdown(stopped);
}

void Fleet::hurry() {
  for (Served& served : apps_) served.shell->hurry();
}

}  // namespace berth
