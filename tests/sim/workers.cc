#include "tests/sim/workers.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace berth::sim {

using namespace std::chrono_literals;

Workers::Workers(Clockwork& clock, Dice& dice, Settings settings, std::function<void(Generation)> chosen,
                 std::function<bool(Generation)> alive)
    : clock_(clock),
      dice_(dice),
      settings_(settings),
      chosen_(std::move(chosen)),
      alive_(std::move(alive)),
      workers_(settings.count) {}

void Workers::send(Worker& worker, std::function<void()> message) {
  const swap::Moment arrives = clock_.now() + dice_.between(1us, settings_.slowest_message);
  worker.last_message = std::max(worker.last_message, arrives);
  clock_.at(worker.last_message, std::move(message));
}

void Workers::broadcast(std::function<void(Worker&)> message, std::function<void()> all_took_it) {
  auto waiting = std::make_shared<std::size_t>(workers_.size());
  for (Worker& worker : workers_) {
    send(worker, [&worker, message, waiting, all_took_it] {
      message(worker);
      if (--*waiting == 0) all_took_it();
    });
  }
}

void Workers::switch_to(Generation generation, std::function<void()> acknowledged) {
  const bool early = settings_.fault == Fault::EarlyAcknowledgement;
  if (early) clock_.in(0us, acknowledged);
  const auto take = [this, generation](Worker& worker) {
    worker.target = generation;
    worker.refusing = false;
    if (generation.number == 0) return;
    for (; worker.held > 0; --worker.held) route(worker);
  };
  broadcast(take, early ? std::function<void()>([] {}) : std::move(acknowledged));
}

void Workers::refuse(std::function<void()> acknowledged) {
  const auto take = [this](Worker& worker) {
    worker.target = {};
    worker.refusing = true;
    worker.held = 0;
  };
  broadcast(take, std::move(acknowledged));
}

void Workers::when_drained(Generation generation, std::function<void()> drained) {
  auto waiting = std::make_shared<std::size_t>(workers_.size());
  const auto one_empty = [waiting, drained] {
    if (--*waiting == 0) drained();
  };
  broadcast(
      [this, generation, one_empty](Worker& worker) {
        worker.drained[generation] = one_empty;
        tell_if_drained(worker, generation);
      },
      [] {});
}

void Workers::cut(Generation generation, Whom whom) {
  const auto take = [this, generation, whom](Worker& worker) {
    cut_ += std::erase_if(worker.holders[generation], [&](std::uint64_t request) {
      return whom == Whom::All || !pinned_.contains(request);
    });
    tell_if_drained(worker, generation);
  };
  broadcast(take, [] {});
}

void Workers::request() { route(workers_[dice_.between(std::uint64_t{0}, workers_.size() - 1)]); }

void Workers::route(Worker& worker) {
  if (worker.refusing) return;
  const Generation target = worker.target;
  if (target.number == 0) {
    ++worker.held;
    return;
  }
  chosen_(target);
  const std::uint64_t id = ++requests_;
  worker.holders[target].insert(id);
  const bool lasts = dice_.one_of(settings_.long_requests);
  if (lasts && dice_.one_of(settings_.pinned)) pinned_.insert(id);
  const swap::Moment length = lasts ? dice_.between(3s, 60s) : dice_.between(100us, 400ms);
  clock_.in(length, [this, &worker, target, id] { end(worker, target, id); });
}

void Workers::end(Worker& worker, Generation generation, std::uint64_t request) {
  auto at = worker.holders.find(generation);
  if (at == worker.holders.end() || at->second.erase(request) == 0) return;
  if (alive_(generation)) {
    ++finished_;
  } else {
    ++failed_;
  }
  tell_if_drained(worker, generation);
}

void Workers::tell_if_drained(Worker& worker, Generation generation) {
  const auto holders = worker.holders.find(generation);
  if (holders != worker.holders.end() && !holders->second.empty()) return;
  auto watch = worker.drained.extract(generation);
  if (!watch.empty()) clock_.in(dice_.between(1us, settings_.slowest_message), std::move(watch.mapped()));
}

std::size_t Workers::holders(Generation generation) const {
  std::size_t sum = 0;
  for (const Worker& worker : workers_) {
    const auto at = worker.holders.find(generation);
    if (at != worker.holders.end()) sum += at->second.size();
  }
  return sum;
}

bool Workers::routable() const {
  return std::all_of(workers_.begin(), workers_.end(),
                     [this](const Worker& w) { return w.target.number != 0 && alive_(w.target); });
}

}  // namespace berth::sim
