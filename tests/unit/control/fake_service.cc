#include "tests/unit/control/fake_service.h"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <cstdlib>
#include <filesystem>

#include "proxy/control/socket_path.h"

namespace berth::control {

std::string make_temp_dir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "berth-control-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

observe::SwapReport example_report() {
  using observe::PhaseName;
  using observe::PhaseState;
  using std::chrono::microseconds;
  observe::SwapReport report;
  report.id = 3;
  report.app = "web";
  report.from = Generation{6};
  report.to = Generation{7};
  report.command = {"uvicorn", "app:app"};
  report.started_unix_ms = 1'700'000'000'123;
  report.serving_after = microseconds(413'000);
  report.took = microseconds(480'000);
  report.phases = {
      {Generation{7}, PhaseName::Start, PhaseState::Done, microseconds(1'100), "pid 4132 on 41507 (lease)"},
      {Generation{7}, PhaseName::Ready, PhaseState::Done, microseconds(412'000), "GET / 200"},
      {Generation{7}, PhaseName::Switch, PhaseState::Done, microseconds(300), "2 workers"},
      {Generation{6}, PhaseName::Drain, PhaseState::Done, microseconds(38'000), "12 requests finished"},
      {Generation{6}, PhaseName::Stop, PhaseState::Done, microseconds(21'000), "exit 0 after TERM"},
      {Generation{6}, PhaseName::Release, PhaseState::Done, microseconds(400), "38211 strictly free"}};
  report.outcome = observe::SwapOutcome::Done;
  return report;
}

FrontStatus example_front() {
  FrontStatus front;
  front.version = "0.1.0";
  front.pid = 4000;
  front.dir = "/srv/site";
  front.workers = 2;
  front.uptime_ms = 185'000;
  AppStatus& app = front.apps.emplace_back();
  app.name = "web";
  app.addresses = {"127.0.0.1:8000"};
  app.state = "serving";
  app.command = {"uvicorn", "app:app", "--port", "{port}"};
  app.dir = "/srv/site";
  app.generations = {
      {Generation{7}, "serving", 4132, {4131, 4132}, Endpoint::loopback_v4(41507), 12'000, 3, {"uvicorn"}},
      {Generation{6}, "draining", 4100, {4100}, Endpoint::loopback_v6(38211), 300'000, 1, {"uvicorn"}}};
  app.counters.requests = 12345;
  app.counters.in_flight = 4;
  app.limits.hold_timeout = Milliseconds(5'000);
  app.drain = Milliseconds(30'000);
  app.ready = "http=/health, 3 in a row, warm / /slow";
  app.ready_timeout = Milliseconds(45'000);
  app.stop_grace = Milliseconds(7'000);
  app.stop_to = StopTo::Group;
  app.max_retiring = 3;
  app.listeners.emplace_back().text = "127.0.0.1:8000";
  app.listeners.back().max_fields = 99;
  return front;
}

LiveServer::LiveServer(const ServerSettings& settings) : dir_(make_temp_dir()), work_(loop_.get_executor()) {
  auto made = ControlSocket::make(dir_ + "/berth.sock", "127.0.0.1:8000", Surroundings{});
  REQUIRE(made.index() == 0);
  auto& socket = std::get<ControlSocket>(made);
  path_ = socket.path();
  int fd = socket.release_fd();
  // The file's owner is the test from here on: the directory goes as a whole.
  std::filesystem::rename(path_, path_ + "2");
  path_ += "2";
  server_ = std::make_unique<Server>(loop_, fd, service, settings);
  thread_ = std::thread([this] { loop_.run(); });
}

LiveServer::~LiveServer() {
  on_loop([this] { server_.reset(); });
  work_.reset();
  loop_.stop();
  thread_.join();
  std::error_code ignored;
  std::filesystem::remove_all(dir_, ignored);
}

void LiveServer::on_loop(const std::function<void()>& work) {
  std::promise<void> done;
  boost::asio::post(loop_, [&] {
    work();
    done.set_value();
  });
  done.get_future().get();
}

void LiveServer::cut() {
  on_loop([this] { server_.reset(); });
}

void LiveServer::close() {
  std::promise<void> closed;
  boost::asio::post(loop_, [&] { server_->close([&] { closed.set_value(); }); });
  closed.get_future().get();
}

}  // namespace berth::control
