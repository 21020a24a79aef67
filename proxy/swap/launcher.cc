#include "proxy/swap/launcher.h"

#include <utility>

#include "backend/check.h"
#include "backend/reach.h"

namespace berth::swap {
namespace {

class RealBackend final : public Launched {
 public:
  RealBackend(boost::asio::io_context& control, backend::LaunchSpec spec, backend::BackendEvents& owner)
      : backend_(control, std::move(spec), owner) {}

  void start() override { backend_.start(); }
  void stop() override { backend_.stop(); }
  void hurry() override { backend_.hurry(); }
  void release(std::chrono::milliseconds deadline) override { backend_.release(deadline); }
  void type(std::string_view text) override { backend_.type(text); }
  std::unique_ptr<backend::Check> check(Milliseconds timeout, backend::CheckDone done) override {
    return backend_.check(timeout, std::move(done));
  }
  int pid() const override { return backend_.pid(); }
  std::vector<int> tree() const override { return backend_.tree(); }
  bool listens_at(const Endpoint& where) const override { return backend_.listens_at(where); }

 private:
  backend::Backend backend_;
};

class RealExternal final : public Launched {
 public:
  RealExternal(boost::asio::io_context& control, backend::ExternalSpec spec, backend::BackendEvents& owner)
      : control_(control), endpoint_(spec.endpoint), external_(control, std::move(spec), owner) {}

  void start() override { external_.start(); }
  void stop() override { external_.stop(); }
  void hurry() override {}
  void release(std::chrono::milliseconds deadline) override { external_.release(deadline); }
  void type(std::string_view) override {}
  std::unique_ptr<backend::Check> check(Milliseconds timeout, backend::CheckDone done) override {
    return external_.check(timeout, std::move(done));
  }
  std::unique_ptr<backend::Check> reach(Milliseconds timeout, backend::CheckDone done) override {
    return backend::start_tcp_check(control_, backend::reach_others(control_, endpoint_, {}), timeout,
                                    std::move(done));
  }
  int pid() const override { return 0; }
  std::vector<int> tree() const override { return {}; }
  bool listens_at(const Endpoint&) const override { return false; }

 private:
  boost::asio::io_context& control_;
  const Endpoint endpoint_;
  backend::External external_;
};

}  // namespace

std::unique_ptr<backend::Check> Launched::reach(Milliseconds, backend::CheckDone done) {
  done({.passed = true, .text = {}});
  return nullptr;
}

std::unique_ptr<Launched> BackendLauncher::make(backend::LaunchSpec spec, backend::BackendEvents& owner) {
  return std::make_unique<RealBackend>(control_, std::move(spec), owner);
}

std::unique_ptr<Launched> BackendLauncher::make_external(backend::ExternalSpec spec,
                                                         backend::BackendEvents& owner) {
  return std::make_unique<RealExternal>(control_, std::move(spec), owner);
}

std::unique_ptr<backend::Errand> BackendLauncher::run(const backend::LaunchSpec& launch,
                                                      backend::ErrandSpec what,
                                                      backend::ErrandEvents events) {
  return backend::start_errand(control_, launch, std::move(what), std::move(events));
}

}  // namespace berth::swap
