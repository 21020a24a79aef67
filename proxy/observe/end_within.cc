#include "proxy/observe/end_within.h"

#include <future>
#include <thread>
#include <utility>

#include "proxy/loop/signals_blocked.h"

namespace berth::observe {

bool end_within(std::chrono::milliseconds time, std::function<void()> work) {
  std::promise<void> done;
  const std::future<void> over = done.get_future();
  std::thread thread;
  {
    const loop::SignalsBlocked blocked;
    thread = std::thread([work = std::move(work), done = std::move(done)]() mutable {
      work();
      work = nullptr;  // what it owns goes before anybody is told
      done.set_value();
    });
  }
  const bool ended = over.wait_for(time) == std::future_status::ready;
  if (ended)
    thread.join();
  else
    thread.detach();
  return ended;
}

}  // namespace berth::observe
