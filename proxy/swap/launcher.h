// How the shell comes to a backend, and what it asks of one: the seam between proxy/swap and backend/, so
// that tests can stand in for processes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "backend/errand.h"
#include "backend/external.h"

namespace berth::swap {

/// One generation's process, as backend::Backend offers it, or what stands for a server of somebody else's.
class Launched {
 public:
  virtual ~Launched() = default;
  virtual void start() = 0;
  virtual void stop() = 0;
  virtual void hurry() = 0;
  virtual void release(std::chrono::milliseconds deadline) = 0;
  /// As if typed at its terminal, if it has one.
  virtual void type(std::string_view text) = 0;
  /// Asks it once, with the check of its readiness; once it was ready. nullptr: `done` was called already.
  virtual std::unique_ptr<backend::Check> check(Milliseconds timeout, backend::CheckDone done) = 0;
  /// Whether it takes connections now; asked of what has no process of berth's, whose end berth would see.
  /// nullptr: `done` was called already.
  virtual std::unique_ptr<backend::Check> reach(Milliseconds timeout, backend::CheckDone done);
  virtual int pid() const = 0;
  virtual std::vector<int> tree() const = 0;
  /// Whether a process of its tree listens there.
  virtual bool listens_at(const Endpoint& where) const = 0;
};

class Launcher {
 public:
  virtual ~Launcher() = default;
  /// Made, not started. `owner` outlives it.
  virtual std::unique_ptr<Launched> make(backend::LaunchSpec spec, backend::BackendEvents& owner) = 0;
  /// The same for a server that runs already.
  virtual std::unique_ptr<Launched> make_external(backend::ExternalSpec spec,
                                                  backend::BackendEvents& owner) = 0;
  /// Runs a command beside the backends, in the surroundings that `launch` gives it.
  virtual std::unique_ptr<backend::Errand> run(const backend::LaunchSpec& launch, backend::ErrandSpec what,
                                               backend::ErrandEvents events) = 0;
};

/// Makes real backends on the control loop.
class BackendLauncher final : public Launcher {
 public:
  explicit BackendLauncher(boost::asio::io_context& control) : control_(control) {}
  std::unique_ptr<Launched> make(backend::LaunchSpec spec, backend::BackendEvents& owner) override;
  std::unique_ptr<Launched> make_external(backend::ExternalSpec spec, backend::BackendEvents& owner) override;
  std::unique_ptr<backend::Errand> run(const backend::LaunchSpec& launch, backend::ErrandSpec what,
                                       backend::ErrandEvents events) override;

 private:
  boost::asio::io_context& control_;
};

}  // namespace berth::swap
