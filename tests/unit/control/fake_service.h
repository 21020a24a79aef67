// A Service that does what a test says, and a server for it on a thread of its own.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proxy/control/server.h"
#include "proxy/control/service.h"

namespace berth::control {

observe::SwapReport example_report();
FrontStatus example_front();

/// Lives on the server's loop; a test touches it through LiveServer::on_loop.
class FakeService : public Service {
 public:
  void status(std::function<void(FrontStatus)> answer) override {
    if (answers_status) answer(front);
    ++status_asked;
  }
  std::vector<std::string> apps() const override {
    std::vector<std::string> names;
    for (const auto& app : front.apps) names.push_back(app.name);
    return names;
  }
  std::shared_ptr<void> swap(const std::string& app, SwapRequest request, SwapWatch watch) override {
    asked_app = app;
    asked = std::move(request);
    watches.push_back(std::move(watch));
    if (on_swap) on_swap(watches.back());
    return {static_cast<void*>(this), [this](void*) { ++handles_dropped; }};
  }
  bool cancel(const std::string&) override { return running; }
  void pause(const std::string&, const PauseRequest& request) override { paused = request; }
  bool resume(const std::string&) override { return std::exchange(paused, std::nullopt).has_value(); }
  std::optional<PauseRequest> paused;
  std::vector<observe::ServedCommand> served;
  std::vector<observe::SwapReport> reports(const std::string&) const override { return kept; }
  std::vector<observe::ServedCommand> history(const std::string&) const override { return served; }
  std::vector<LogLine> log_lines(const std::string&, std::uint64_t after, std::size_t limit) const override {
    std::vector<LogLine> lines;
    for (const auto& line : log) {
      if (line.number > after) lines.push_back(line);
    }
    if (lines.size() > limit) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(limit));
    return lines;
  }
  std::shared_ptr<void> follow_log(const std::string&, std::function<void(const LogLine&)> on_line) override {
    followers.push_back(std::move(on_line));
    return {static_cast<void*>(this), [this](void*) { ++handles_dropped; }};
  }
  std::shared_ptr<void> follow_events(std::function<void(const Event&)> on_event) override {
    on_event({7, "web", Event::State{"serving"}});
    events.push_back(std::move(on_event));
    return {static_cast<void*>(this), [this](void*) { ++handles_dropped; }};
  }
  void reload(ReloadWatch watch) override {
    watch.on_change("web: swapped, for its command");
    watch.on_result({SwapResult::Kind::Failed, "web: it ended with exit status 3", {}});
  }
  void stop(StopWatch watch) override {
    const std::function<void(SwapResult)> stopped = watch.on_result;
    stopped({SwapResult::Kind::Done, "all released", {}});
  }

  std::atomic<bool> answers_status = true;
  std::atomic<int> status_asked = 0;
  bool running = false;
  FrontStatus front = example_front();
  std::vector<observe::SwapReport> kept{example_report()};
  std::vector<LogLine> log;
  std::string asked_app;
  SwapRequest asked;
  std::function<void(SwapWatch&)> on_swap;
  std::vector<SwapWatch> watches;
  std::vector<std::function<void(const LogLine&)>> followers;
  std::vector<std::function<void(const Event&)>> events;
  std::atomic<int> handles_dropped = 0;
};

/// A server over a real socket in a directory of its own, gone with the test.
class LiveServer {
 public:
  explicit LiveServer(const ServerSettings& settings = {});
  ~LiveServer();
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  const std::string& path() const { return path_; }
  FakeService service;
  /// Runs on the loop and waits for it.
  void on_loop(const std::function<void()>& work);
  /// Server::close, waited for.
  void close();
  /// As if berth were killed: every connection ends where it is.
  void cut();

 private:
  std::string dir_;
  std::string path_;
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

/// A directory that is gone with the test.
std::string make_temp_dir();

}  // namespace berth::control
