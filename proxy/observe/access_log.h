// The access log: a file or standard output, the rings of the workers, and one thread that formats and writes
// in batches. A file that was renamed (logrotate) is opened anew. What cannot be written costs lines, which
// are counted, and never a request's time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "config/config.h"
#include "proxy/observe/access_ring.h"

namespace berth::observe {

struct AccessLogSettings {
  std::string file;  ///< "-": `standard`
  int standard = 1;  ///< a descriptor that is not owned
  AccessFormat format = AccessFormat::Combined;
  std::uint32_t ring_bytes = 512 * 1024;          ///< of records that may wait of each worker; a power of two
  std::chrono::milliseconds flush_deadline{500};  ///< how long the end of the log may take
  std::chrono::milliseconds between_warnings{60'000};
  std::chrono::milliseconds between_looks{1'000};  ///< whether the file was renamed
  /// Told what goes wrong: lines dropped, a disk that is full. On the writing thread.
  std::function<void(const std::string&)> warn{};
};

class AccessLog {
 public:
  /// Opens the file. `wrong` says what is wrong; then there is nothing to write to.
  AccessLog(AccessLogSettings settings, std::string& wrong);
  /// Writes what waits, for at most the flush deadline. No worker may push any more.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// For one more worker; lives as long as the log.
  AccessRing& add_ring();

  /// Opens the file anew, soon. From any thread.
  void reopen();

  /// Soon writes there instead: what came before goes to the file that was there before. One that cannot be
  /// opened is told as a warning, and tried again. From any thread.
  void change(std::string file, AccessFormat format);

  /// Why that file could not be opened now; empty: it can. Makes it, if it is not there.
  static std::string obstacle(const std::string& file);

  /// Lines lost so far. From any thread.
  std::uint64_t dropped() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::observe
