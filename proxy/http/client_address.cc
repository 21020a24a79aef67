#include "proxy/http/client_address.h"

#include <algorithm>

#include "proxy/http/field_text.h"
#include "proxy/http/octets.h"

namespace berth::http {
namespace {

/// "192.0.2.7" of "192.0.2.7:4711", "2001:db8::1" of "[2001:db8::1]:4711"; anything else as it is.
std::string_view without_port(std::string_view item) {
  if (item.starts_with('[')) return item.substr(1, std::min(item.find(']'), item.size()) - 1);
  const std::size_t colon = item.find(':');
  return colon == item.rfind(':') ? item.substr(0, colon) : item;
}

/// Takes the last item off the comma-separated `list`.
std::string_view last_item(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
  std::string_view item = list.substr(begin);
  list = list.substr(0, begin == 0 ? 0 : comma);
  return next_item(item);
}

}  // namespace

std::string_view client_of(const RequestHead& head, std::string_view peer, const TrustedPeers& trusted) {
  std::string_view client = peer;
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    if (field->tag != FieldTag::XForwardedFor) continue;
    for (std::string_view list = field->value; !list.empty();) {
      const std::string_view item = last_item(list);
      if (item.empty()) continue;
      const std::string_view address = without_port(item);
      // What comes before something that is no address was said by nobody who is known.
      if (!is_ip_address(address)) return client;
      client = address;
      if (!trusted.has(address)) return client;
    }
  }
  return client;
}

bool came_through(const RequestHead& head, std::string_view pseudonym) {
  for (const Field& field : head.fields) {
    if (field.tag != FieldTag::Via) continue;
    for (std::string_view list = field.value; !list.empty();) {
      std::string_view item = next_item(list);  // "1.1 berth-5f3a9c21-web (a comment)"
      item.remove_prefix(std::min(item.find_first_of(" \t"), item.size()));
      while (!item.empty() && is_blank(item.front())) item.remove_prefix(1);
      if (item.substr(0, item.find_first_of(" \t")) == pseudonym) return true;
    }
  }
  return false;
}

}  // namespace berth::http
