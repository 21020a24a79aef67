// Tells when a file has been written, replaced or linked anew: inotify(7) on its directory, since editors
// write another file and rename it. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>

namespace berth {

class FileWatch {
 public:
  explicit FileWatch(boost::asio::io_context& control) : events_(control), settle_(control) {}

  /// `on_change` is called once for writes that follow each other closely, and only if the file differs from
  /// what it was (by its times, size and identity). What is wrong; empty: it is watched.
  std::string start(const std::string& path, std::function<void()> on_change);

 private:
  using Facts = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
  Facts facts() const;
  void wait();
  void settle();

  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> events_;
  boost::asio::steady_timer settle_;
  std::string path_;
  Facts seen_{};
  std::function<void()> on_change_;
};

}  // namespace berth
