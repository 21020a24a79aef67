#include "proxy/http/http_date.h"

#include <ctime>

namespace berth::http {

void HttpDate::write(Clock::time_point now) {
  std::timespec time{};
  std::timespec_get(&time, TIME_UTC);
  until_ = now + std::chrono::seconds(1) - std::chrono::nanoseconds(time.tv_nsec);
  std::tm utc{};
  gmtime_r(&time.tv_sec, &utc);
  // The names of days and months are English: berth never sets another locale.
  size_ = std::strftime(text_.data(), text_.size(), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
}

}  // namespace berth::http
