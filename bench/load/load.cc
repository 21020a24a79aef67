#include "bench/load/load.h"

#include <sstream>
#include <thread>

#include "bench/load/driver.h"

namespace berth::load {
namespace {

double ms(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

void put_latency(std::ostream& out, const Histogram& histogram) {
  out << "p50 " << ms(histogram.percentile(50)) << " ms, p99 " << ms(histogram.percentile(99))
      << " ms, p99.9 " << ms(histogram.percentile(99.9)) << " ms, max " << ms(histogram.max()) << " ms";
}

}  // namespace

const char* name_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::Refused:
      return "refused";
    case FailureKind::Reset:
      return "reset";
    case FailureKind::Timeout:
      return "timeout";
    case FailureKind::Status1xx:
      return "1xx";
    case FailureKind::Status2xx:
      return "2xx";
    case FailureKind::Status3xx:
      return "3xx";
    case FailureKind::Status4xx:
      return "4xx";
    case FailureKind::Status5xx:
      return "5xx";
    case FailureKind::OtherStatus:
      return "other_status";
    case FailureKind::Truncated:
      return "truncated";
    case FailureKind::WrongBody:
      return "wrong_body";
    case FailureKind::Duplicate:
      return "duplicate";
    case FailureKind::Malformed:
      return "malformed";
    case FailureKind::Local:
      return "local";
  }
  return "?";
}

FailureKind failure_of_status(int status) {
  switch (status / 100) {
    case 1:
      return FailureKind::Status1xx;
    case 2:
      return FailureKind::Status2xx;
    case 3:
      return FailureKind::Status3xx;
    case 4:
      return FailureKind::Status4xx;
    case 5:
      return FailureKind::Status5xx;
    default:
      return FailureKind::OtherStatus;
  }
}

const char* name_of(RequestKind kind) {
  switch (kind) {
    case RequestKind::Get:
      return "get";
    case RequestKind::Fresh:
      return "fresh";
    case RequestKind::Post:
      return "post";
    case RequestKind::Download:
      return "download";
    case RequestKind::Upload:
      return "upload";
  }
  return "?";
}

std::string LoadResult::text() const {
  std::ostringstream out;
  out << sent << " requests in " << ms(took) << " ms: " << ok << " ok, " << failed() << " failed";
  for (std::size_t i = 0; i < kFailureKinds; ++i) {
    if (failures[i] > 0) out << ", " << failures[i] << " " << name_of(static_cast<FailureKind>(i));
  }
  out << "; " << connections << " connections, " << keepalive_closed << " closed between requests, "
      << closed_as_told << " closed as told\n";
  out << "latency ";
  put_latency(out, latency);
  out << "; longest gap " << ms(longest_gap) << " ms\n";
  if (probe.connected + probe.refused + probe.failed > 0) {
    out << "probes: " << probe.connected << " connected, " << probe.refused << " refused, " << probe.failed
        << " failed; ";
    put_latency(out, probe.latency);
    out << "\n";
  }
  for (const auto& line : samples) out << "  " << line << "\n";
  return out.str();
}

/// The thread of a run. What it threw is told by stop().
struct Load::Running {
  std::exception_ptr failure;
  std::atomic<bool> ended{false};
  std::thread thread;
};

Load::Load(LoadPlan plan) : driver_(std::make_unique<Driver>(std::move(plan))) {}

Load::~Load() {
  if (!running_) return;
  driver_->request_stop();
  running_->thread.join();
}

void Load::start() {
  running_ = std::make_unique<Running>();
  running_->thread = std::thread([driver = driver_.get(), running = running_.get()] {
    try {
      driver->run();
    } catch (...) {
      running->failure = std::current_exception();
    }
    running->ended.store(true);
  });
}

LoadResult Load::stop() {
  driver_->request_stop();
  running_->thread.join();
  const auto failure = running_->failure;
  running_.reset();
  if (failure) std::rethrow_exception(failure);
  return driver_->take_result();
}

void Load::begin_stop() { driver_->request_stop(); }
bool Load::ended() const { return running_->ended.load(); }
void Load::give_up() { driver_->give_up(); }

LoadResult Load::run_for(std::chrono::milliseconds time) {
  start();
  std::this_thread::sleep_for(time);
  return stop();
}

std::uint64_t Load::answered() const { return driver_->answered(); }
Load::Now Load::now() const { return driver_->now(); }
void Load::begin_window() { driver_->mark_window(true); }
void Load::end_window() { driver_->mark_window(false); }

}  // namespace berth::load
