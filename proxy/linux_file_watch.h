// Tells when a file has been written, replaced or linked anew: inotify(7) on the file and on every directory
// of its path that holds a link or a part of it, since editors write another file and rename it, and releases
// move a link. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>

namespace berth {

class FileWatch {
 public:
  explicit FileWatch(boost::asio::io_context& control) : events_(control), settle_(control) {}

  /// `on_change` is called once for writes that follow each other closely, and only if the file differs from
  /// what it was (by its times, size and identity). What is wrong; empty: it is watched. `path` is absolute.
  std::string start(const std::string& path, std::function<void()> on_change);

 private:
  using Facts = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
  using Clock = std::chrono::steady_clock;
  Facts facts() const;
  void watch_path();
  bool concerns_it(const char* events, std::size_t size) const;
  void wait();
  void settle();

  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> events_;
  boost::asio::steady_timer settle_;
  std::string path_;
  std::map<int, std::set<std::string>> watches_;  ///< by inotify's number; no name: the file itself
  Facts seen_{};
  bool unsettled_ = false;
  Clock::time_point told_by_{};  ///< however often it is written
  std::function<void()> on_change_;
};

}  // namespace berth
