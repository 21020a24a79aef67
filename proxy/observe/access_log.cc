#include "proxy/observe/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "proxy/loop/signals_blocked.h"
#include "proxy/observe/access_text.h"
#include "proxy/observe/end_within.h"

namespace berth::observe {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kRound{100};  ///< between two looks at the rings
constexpr std::size_t kBatch = 64 * 1024;
/// What a pipe takes without a wait when it says that it can be written, and does not mix with others' lines.
constexpr std::size_t kPiece = 4096;

std::string unopened(const std::string& file, int error) {
  return "cannot open the access log " + file + ": " + std::generic_category().message(error);
}

/// Non-blocking, so that a pipe without a reader is an error and not a wait.
int open_file(const std::string& file) {
  return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
}

/// What the writing thread may take to see its deadline, unless a write holds it.
constexpr milliseconds kBeyondDeadline{250};

struct Place {
  std::string file;
  AccessFormat format = AccessFormat::Combined;
};

}  // namespace

class AccessLog::Impl {
 public:
  Impl(AccessLogSettings settings, std::string& wrong) : settings_(std::move(settings)) {
    if (const int error = open(); error != 0) {
      wrong = unopened(settings_.file, error);
      return;
    }
    const loop::SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  }

  ~Impl() { close(); }

  /// Ends the writing thread with the last flush. What is left of `impl` goes as soon as no write holds it.
  static void end(std::unique_ptr<Impl> impl) {
    {
      const std::lock_guard lock(impl->mutex_);
      impl->ending_ = true;
    }
    const milliseconds deadline = impl->settings_.flush_deadline;
    impl->deadline_ns_.store((Clock::now() + deadline).time_since_epoch().count());
    impl->wake_.notify_one();
    const std::shared_ptr<Impl> held = std::move(impl);
    const bool ended = end_within(deadline + kBeyondDeadline, [held] {
      if (held->thread_.joinable()) held->thread_.join();
    });
    if (ended) return;
    const std::lock_guard lock(held->warn_mutex_);
    held->settings_.warn = nullptr;  // whom it would tell goes now
  }

  AccessRing& add_ring() {
    const std::lock_guard lock(mutex_);
    return rings_.emplace_back(settings_.ring_bytes, [this] { wake(); });
  }

  void reopen() {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
    wake_.notify_one();
  }

  void change(Place next) {
    const std::lock_guard lock(mutex_);
    next_ = std::move(next);
    reopen_ = true;
    wake_.notify_one();
  }

  std::uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t sum = lost_.load();
    for (const AccessRing& ring : rings_) sum += ring.dropped();
    return sum;
  }

 private:
  bool is_stdout() const { return settings_.file == "-"; }

  /// 0, or the errno.
  int open() {
    const int fd = is_stdout() ? settings_.standard : open_file(settings_.file);
    if (fd < 0) return errno;
    close();
    fd_ = fd;
    owned_ = !is_stdout();
    struct stat facts {};
    ::fstat(fd_, &facts);
    regular_ = S_ISREG(facts.st_mode);
    device_ = facts.st_dev;
    inode_ = facts.st_ino;
    return 0;
  }

  void close() {
    if (fd_ >= 0 && owned_) ::close(fd_);
    fd_ = -1;
  }

  bool renamed() const {
    if (is_stdout()) return false;
    struct stat facts {};
    return ::stat(settings_.file.c_str(), &facts) != 0 || facts.st_dev != device_ || facts.st_ino != inode_;
  }

  /// Without the lock: a wake that is missed costs one round.
  void wake() {
    woken_.store(true, std::memory_order_relaxed);
    wake_.notify_one();
  }

  void run() {
    Clock::time_point looked = Clock::now();
    for (;;) {
      bool ending = false;
      bool reopen = false;
      std::optional<Place> next;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, kRound, [this] { return ending_ || reopen_ || woken_.load(); });
        woken_.store(false);
        ending = ending_;
        reopen = std::exchange(reopen_, false);
        next = std::exchange(next_, std::nullopt);
      }
      // What came before goes to the file that was there before.
      if (reopen) write_waiting();
      if (next) {
        settings_.file = std::move(next->file);
        settings_.format = next->format;
      }
      const Clock::time_point now = Clock::now();
      if (!reopen && now - looked >= settings_.between_looks) {
        looked = now;
        reopen = renamed();
      }
      if (reopen) {
        if (const int error = open(); error != 0) trouble_ = unopened(settings_.file, error);
      }
      write_waiting();
      warn();
      if (ending) return;
    }
  }

  void write_waiting() {
    std::vector<AccessRing*> rings;
    {
      const std::lock_guard lock(mutex_);  // a list: what is there stays where it is
      for (AccessRing& ring : rings_) rings.push_back(&ring);
    }
    for (AccessRing* ring : rings) {
      while (const AccessRecord* record = ring->front()) {
        text_.append(batch_, *record, settings_.format);
        ring->pop();
        if (batch_.size() >= kBatch) write_batch();
      }
    }
    write_batch();
  }

  void write_batch() {
    std::string_view rest = batch_;
    while (!rest.empty() && wait_writable()) {
      // To the end of a line, if one fits: somebody else may write there, too.
      std::size_t size = regular_ ? rest.size() : std::min(rest.size(), kPiece);
      if (const std::size_t line = rest.rfind('\n', size - 1); line != std::string_view::npos)
        size = line + 1;
      const ssize_t n = ::write(fd_, rest.data(), size);
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n < 0) {
        trouble_ = "cannot write the access log: " + std::generic_category().message(errno);
        break;
      }
      rest.remove_prefix(static_cast<std::size_t>(n));
    }
    lost_ += static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
    batch_.clear();
  }

  bool wait_writable() {
    for (;;) {
      const Clock::time_point deadline{Clock::duration(deadline_ns_.load())};
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now()).count();
      pollfd waiting{fd_, POLLOUT, 0};
      // Short rounds: the deadline may be set while a round waits.
      const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 50)));
      if (ready > 0) return true;
      if ((ready < 0 && errno != EINTR) || left <= 0) return false;
    }
  }

  void warn() {
    const std::uint64_t gone = dropped();
    if (gone == told_ && trouble_.empty()) return;
    const Clock::time_point now = Clock::now();
    if (now < next_warning_) return;
    next_warning_ = now + settings_.between_warnings;
    const std::lock_guard lock(warn_mutex_);
    if (!settings_.warn) return;
    if (!trouble_.empty()) settings_.warn(std::exchange(trouble_, {}));
    if (gone != told_) settings_.warn(std::to_string(gone - told_) + " lines of the access log dropped");
    told_ = gone;
  }

  AccessLogSettings settings_;  ///< its file and format: of the writing thread, once that runs
  mutable std::mutex mutex_;
  std::mutex warn_mutex_;  ///< held while somebody is warned
  std::condition_variable wake_;
  std::list<AccessRing> rings_;
  bool ending_ = false;
  bool reopen_ = false;
  std::optional<Place> next_;
  std::atomic<bool> woken_{false};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<Clock::rep> deadline_ns_{Clock::time_point::max().time_since_epoch().count()};

  // Of the writing thread alone, once it runs.
  int fd_ = -1;
  bool owned_ = false;
  bool regular_ = false;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  AccessText text_;
  std::string batch_;
  std::string trouble_;
  std::uint64_t told_ = 0;
  Clock::time_point next_warning_{};
  std::thread thread_;
};

AccessLog::AccessLog(AccessLogSettings settings, std::string& wrong)
    : impl_(std::make_unique<Impl>(std::move(settings), wrong)) {}
AccessLog::~AccessLog() { Impl::end(std::move(impl_)); }
AccessRing& AccessLog::add_ring() { return impl_->add_ring(); }
void AccessLog::reopen() { impl_->reopen(); }
void AccessLog::change(std::string file, AccessFormat format) { impl_->change({std::move(file), format}); }

std::string AccessLog::obstacle(const std::string& file) {
  if (file == "-") return {};
  const int fd = open_file(file);
  if (fd < 0) return unopened(file, errno);
  ::close(fd);
  return {};
}

std::uint64_t AccessLog::dropped() const { return impl_->dropped(); }

}  // namespace berth::observe
