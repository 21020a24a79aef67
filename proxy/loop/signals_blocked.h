// Signals are the control loop's: a thread that took one would only be interrupted. A thread starts with the
// mask of whoever starts it.
#pragma once

#include <csignal>

namespace berth::loop {

/// While it lives, the threads that this one starts have every signal blocked.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace berth::loop
