// How many connections each client address has on one listener, for max_per_client. Shared by all workers,
// asked once per connection and only where the limit is set.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace berth::http {

class ClientBound {
 public:
  /// Counts one more; false: the address has `most` already.
  bool enter(const std::string& address, std::uint32_t most) {
    const std::lock_guard lock(mutex_);
    std::uint32_t& count = counts_[address];
    if (count >= most) return false;
    ++count;
    return true;
  }
  void leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(address);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> counts_;
};

}  // namespace berth::http
