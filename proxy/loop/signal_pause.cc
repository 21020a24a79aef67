#include "proxy/loop/signal_pause.h"

#include <csignal>

namespace berth::loop {

SignalPause::SignalPause() {
  signals_.add(SIGINT);
  signals_.add(SIGTERM);
  struct sigaction now {};
  if (::sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) signals_.add(SIGHUP);
  await();
}

void SignalPause::await() {
  signals_.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    ++came_;
    await();
  });
}

bool SignalPause::wait(std::chrono::milliseconds time, unsigned seen) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (came_ <= seen && io_.run_one_until(end) > 0) continue;
  return came_ <= seen;
}

unsigned SignalPause::count() {
  io_.poll();
  return came_;
}

}  // namespace berth::loop
