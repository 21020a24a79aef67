// JSON as berth writes it: the API's, a report's, a log's. What backends, clients and servers send need not
// be UTF-8 and a figure need not be finite, but the JSON is always valid. Pure.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <string_view>

namespace berth {

/// `text` with U+FFFD in the place of each byte that is not UTF-8 (RFC 3629 §4).
std::string utf8_text(std::string_view text);

/// Appends `text` in quotes (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// The whole value on one line, members in their order, without a newline. A number that is not finite
/// becomes null.
std::string json_text(const boost::json::value& value);
std::string json_text(const boost::json::object& object);

}  // namespace berth
