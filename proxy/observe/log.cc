#include "proxy/observe/log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>

#include "config/json_text.h"
#include "config/terminal_text.h"
#include "proxy/loop/signals_blocked.h"
#include "proxy/observe/end_within.h"

namespace berth::observe {
namespace {

using Clock = std::chrono::steady_clock;

// What a line is, carried in its payload: spdlog's levels know no backend output.
enum class Kind : char {
  Debug = 'd',
  Info = 'i',
  Warn = 'w',
  Error = 'e',
  Out = 'o',
  Err = 'r',
  Shown = 's'
};

struct Look {
  std::string_view word;
  std::string_view colour;
};

Look look(Kind kind) {
  switch (kind) {
    case Kind::Debug:
      return {"debug", "\x1b[2m"};
    case Kind::Info:
      return {"info ", "\x1b[32m"};
    case Kind::Warn:
      return {"warn ", "\x1b[33m"};
    case Kind::Error:
      return {"error", "\x1b[1;31m"};
    case Kind::Out:
      return {"out  ", "\x1b[36m"};
    case Kind::Err:
      return {"err  ", "\x1b[35m"};
    case Kind::Shown:
      break;
  }
  return {"?    ", ""};
}

/// The level as machines read it: what a backend writes on either stream is information.
std::string_view level_word(Kind kind) {
  switch (kind) {
    case Kind::Debug:
      return "debug";
    case Kind::Warn:
      return "warn";
    case Kind::Error:
      return "error";
    default:
      return "info";
  }
}

/// What the writing thread may take to see its deadline, unless a write holds it.
constexpr std::chrono::milliseconds kBeyondDeadline{250};

constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kDim = "\x1b[2m";

// Pipes say that they can be written when this much fits; no more is offered at once, so write(2) waits only
// for a terminal, which says so when a single byte fits.
constexpr std::size_t kPiece = 4096;

/// What a payload says before its text: a line is put together by the writing thread.
struct Subject {
  Kind kind = Kind::Info;
  Format format = Format::Human;
  std::uint8_t app_size = 0;
  std::uint32_t generation = 0;
};

bool colours_wanted(const LogSettings& settings) {
  if (settings.colour != Colour::Auto) return settings.colour == Colour::Always;
  return berth::colours_wanted(settings.fd);
}

class DescriptorSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  DescriptorSink(int fd, bool colours) : fd_(fd), colours_(colours) {}

  /// From now on a reader that does not read is waited for only until `deadline`.
  void leave_by(Clock::time_point deadline) {
    deadline_ns_.store(deadline.time_since_epoch().count(), std::memory_order_release);
  }
  void dropped_is(std::function<std::uint64_t()> dropped) { dropped_ = std::move(dropped); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::string_view text(message.payload.data(), message.payload.size());
    Subject subject;
    if (text.size() < sizeof subject) return;
    std::memcpy(&subject, text.data(), sizeof subject);
    text.remove_prefix(sizeof subject);
    if (std::uint64_t now = dropped_(); now != told_) {
      write_line(message.time, {Kind::Warn, subject.format}, {},
                 std::to_string(now - told_) + " lines of the log dropped: its reader is slow");
      told_ = now;
    }
    if (subject.kind == Kind::Shown) return write_all(text.substr(subject.app_size));
    write_line(message.time, subject, text.substr(0, subject.app_size), text.substr(subject.app_size));
  }
  void flush_() override {}

 private:
  void write_line(spdlog::log_clock::time_point time, const Subject& subject, std::string_view app,
                  std::string_view text) {
    using std::chrono::duration_cast;
    auto since = time.time_since_epoch();
    const std::time_t seconds = duration_cast<std::chrono::seconds>(since).count();
    const auto ms = static_cast<int>(duration_cast<std::chrono::milliseconds>(since).count() % 1000);
    line_.clear();
    if (subject.format == Format::Json)
      put_json(seconds, ms, subject, app, text);
    else
      put_human(seconds, ms, subject, app, text);
    line_ += '\n';
    write_all(line_);
  }

  void put_human(std::time_t seconds, int ms, const Subject& subject, std::string_view app,
                 std::string_view text) {
    std::tm local{};
    localtime_r(&seconds, &local);
    char stamp[32];
    std::snprintf(stamp, sizeof stamp, "%02d:%02d:%02d.%03d ", local.tm_hour, local.tm_min, local.tm_sec, ms);
    if (colours_) line_ += kDim;
    line_ += stamp;
    if (colours_) (line_ += kPlain) += look(subject.kind).colour;
    line_ += look(subject.kind).word;
    if (colours_) line_ += kPlain;
    line_ += ' ';
    const std::size_t begun = line_.size();
    line_ += app;
    if (subject.generation != 0) line_ += "#" + std::to_string(subject.generation);
    const std::size_t named = line_.size() - begun;
    // Names of a usual length keep the texts below each other.
    if (named != 0) line_.append(named < 7 ? 8 - named : 1, ' ');
    const bool backend = subject.kind == Kind::Out || subject.kind == Kind::Err;
    line_ +=
        terminal_text(text, backend && colours_ ? TextColours::Keep : TextColours::Strip, TextLines::One);
  }

  void put_json(std::time_t seconds, int ms, const Subject& subject, std::string_view app,
                std::string_view text) {
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char stamp[64];
    const std::size_t n = std::strftime(stamp, sizeof stamp, "{\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(stamp + n, sizeof stamp - n, ".%03dZ\",\"level\":\"", ms);
    line_ += stamp;
    line_ += level_word(subject.kind);
    line_ += "\",\"app\":";
    append_json_string(line_, app);
    line_ += ",\"generation\":" + std::to_string(subject.generation);
    if (subject.kind == Kind::Out) line_ += ",\"stream\":\"stdout\"";
    if (subject.kind == Kind::Err) line_ += ",\"stream\":\"stderr\"";
    line_ += ",\"message\":";
    append_json_string(line_, text);
    line_ += '}';
  }

  void write_all(std::string_view bytes) {
    while (!bytes.empty() && !lost_ && wait_writable()) {
      ssize_t n = ::write(fd_, bytes.data(), std::min(bytes.size(), kPiece));
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      // The reader has gone: nobody will ever read what follows.
      lost_ = n < 0;
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  bool wait_writable() {
    for (;;) {
      Clock::time_point deadline{Clock::duration(deadline_ns_.load(std::memory_order_acquire))};
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd waiting{fd_, POLLOUT, 0};
      // Short rounds: the deadline may be set while a round waits.
      int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 50)));
      if (ready > 0) return true;
      if (ready < 0 && errno != EINTR) return false;
      if (left <= 0) return false;
    }
  }

  int fd_;
  bool colours_;
  bool lost_ = false;
  std::uint64_t told_ = 0;
  std::string line_;
  std::function<std::uint64_t()> dropped_;
  std::atomic<Clock::rep> deadline_ns_{Clock::time_point::max().time_since_epoch().count()};
};

std::shared_ptr<spdlog::details::thread_pool> pool_of(std::size_t queue) {
  const loop::SignalsBlocked blocked;
  return std::make_shared<spdlog::details::thread_pool>(queue, 1);
}

}  // namespace

class Log::Impl {
 public:
  explicit Impl(const LogSettings& settings)
      : settings_(settings),
        format_(settings.format),
        least_(settings.least),
        sink_(std::make_shared<DescriptorSink>(settings.fd, colours_wanted(settings))),
        pool_(pool_of(settings.queue)),
        logger_(std::make_shared<spdlog::async_logger>("berth", sink_, pool_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    // The pool outlives the thread that asks: it joins it in its destructor.
    sink_->dropped_is([pool = pool_.get()] { return static_cast<std::uint64_t>(pool->overrun_counter()); });
  }

  ~Impl() {
    sink_->leave_by(Clock::now() + settings_.flush_deadline);
    end_within(settings_.flush_deadline + kBeyondDeadline,
               [sink = std::move(sink_), logger = std::move(logger_), pool = std::move(pool_)]() mutable {
                 logger.reset();
                 pool.reset();
                 sink.reset();
               });
  }

  void post(Kind kind, std::string_view app, Generation generation, std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
    hand_over(kind, app.substr(0, 255), generation, text);
  }

  void show(std::string_view text) { hand_over(Kind::Shown, {}, {}, text); }

  void change(Format format, Level least) {
    format_ = format;
    least_ = least;
  }
  Level least() const { return least_; }
  std::uint64_t dropped() const { return pool_->overrun_counter(); }

 private:
  void hand_over(Kind kind, std::string_view app, Generation generation, std::string_view text) {
    Subject subject;
    subject.kind = kind;
    subject.format = format_;
    subject.app_size = static_cast<std::uint8_t>(app.size());
    subject.generation = generation.number;
    spdlog::memory_buf_t payload;
    const auto* bytes = reinterpret_cast<const char*>(&subject);
    payload.append(bytes, bytes + sizeof subject);
    payload.append(app.data(), app.data() + app.size());
    payload.append(text.data(), text.data() + text.size());
    logger_->log(spdlog::level::info, spdlog::string_view_t(payload.data(), payload.size()));
  }

  const LogSettings settings_;
  std::atomic<Format> format_;
  std::atomic<Level> least_;
  std::shared_ptr<DescriptorSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

Log::Log(const LogSettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
Log::~Log() = default;

void Log::change(Format format, Level least) { impl_->change(format, least); }

void Log::line(Level level, std::string_view app, Generation generation, std::string_view text) {
  if (level < impl_->least()) return;
  static constexpr Kind kKinds[] = {Kind::Debug, Kind::Info, Kind::Warn, Kind::Error};
  impl_->post(kKinds[static_cast<std::size_t>(level)], app, generation, text);
}

void Log::announce(std::string_view text) { impl_->post(Kind::Info, {}, {}, text); }

void Log::backend_line(std::string_view app, Generation generation, bool is_stderr, std::string_view text) {
  if (impl_->least() > Level::Info) return;
  impl_->post(is_stderr ? Kind::Err : Kind::Out, app, generation, text);
}

void Log::show(std::string_view text) { impl_->show(text); }

std::uint64_t Log::dropped() const { return impl_->dropped(); }

}  // namespace berth::observe
