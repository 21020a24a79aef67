#include "proxy/observe/access_text.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "config/json_text.h"

namespace berth::observe {
namespace {

using Text = AccessRecord::Text;

constexpr std::string_view kCut = "...";

/// As nginx's log_escape=default: quotes, backslashes, controls and bytes beyond ASCII as \xHH.
void append_escaped(std::string& out, const AccessRecord& record, Text which) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const std::string_view text = record.get(which);
  if (text.empty()) out += '-';
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  for (auto at = text.begin(); at != text.end();) {
    const auto run = std::find_if_not(at, text.end(), plain);
    out.append(at, run);
    at = run;
    if (at == text.end()) break;
    const auto byte = static_cast<unsigned char>(*at++);
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  if (record.was_cut(which)) out += kCut;
}

std::string_view version_text(std::uint8_t version) { return version == 10 ? "HTTP/1.0" : "HTTP/1.1"; }

void member(std::string& out, std::string_view name, const AccessRecord& record, Text which) {
  ((out += ",\"") += name) += "\":";
  if (!record.was_cut(which)) return append_json_string(out, record.get(which));
  append_json_string(out, std::string(record.get(which)).append(kCut));
}

void milliseconds(std::string& out, std::string_view name, std::uint64_t us) {
  char text[32];
  const int n = std::snprintf(text, sizeof text, "\":%llu.%03u", static_cast<unsigned long long>(us / 1000),
                              static_cast<unsigned>(us % 1000));
  ((out += ",\"") += name).append(text, static_cast<std::size_t>(n));
}

void append_request(std::string& out, const AccessRecord& record) {
  member(out, "method", record, Text::Method);
  member(out, "target", record, Text::Target);
  out += ",\"version\":\"";
  if (record.version != 0) out += version_text(record.version);
  out += "\",\"status\":" + std::to_string(record.status) + ",\"bytes\":" + std::to_string(record.bytes);
  member(out, "referer", record, Text::Referer);
  member(out, "user_agent", record, Text::UserAgent);
  member(out, "request_id", record, Text::RequestId);
}

void append_connection(std::string& out, const AccessRecord& record) {
  out += ",\"protocol\":\"tcp\",\"status\":" + std::to_string(record.status) +
         ",\"bytes\":" + std::to_string(record.bytes) + ",\"received\":" + std::to_string(record.received);
}

}  // namespace

const std::string& AccessText::Second::at(std::int64_t unix_us,
                                          std::tm* (*parts)(const std::time_t*, std::tm*),
                                          const char* format) {
  const std::time_t second = unix_us / 1'000'000;
  if (second != number) {
    std::tm time{};
    parts(&second, &time);
    char made[64];
    text.assign(made, std::strftime(made, sizeof made, format, &time));
    number = second;
  }
  return text;
}

void AccessText::append_combined(std::string& out, const AccessRecord& record) {
  append_escaped(out, record, Text::Address);
  out += local_.at(record.unix_us, localtime_r, " - - [%d/%b/%Y:%H:%M:%S %z] \"");
  if (record.version == 0) {
    out += '-';
  } else {
    append_escaped(out, record, Text::Method);
    out += ' ';
    append_escaped(out, record, Text::Target);
    (out += ' ') += version_text(record.version);
  }
  out += "\" " + std::to_string(record.status) + " " + std::to_string(record.bytes) + " \"";
  append_escaped(out, record, Text::Referer);
  out += "\" \"";
  append_escaped(out, record, Text::UserAgent);
  out += "\"\n";
}

void AccessText::append_json(std::string& out, const AccessRecord& record) {
  const bool connection = record.protocol == AccessRecord::Protocol::Tcp;
  out += utc_.at(record.unix_us, gmtime_r, "{\"time\":\"%Y-%m-%dT%H:%M:%S");
  char stamp[16];
  std::snprintf(stamp, sizeof stamp, ".%03dZ\"", static_cast<int>(record.unix_us / 1000 % 1000));
  out += stamp;
  member(out, "client", record, Text::Address);
  if (connection)
    append_connection(out, record);
  else
    append_request(out, record);
  member(out, "app", record, Text::App);
  out += ",\"generation\":" + std::to_string(record.generation);
  milliseconds(out, "held_ms", record.held_us);
  if (!connection) milliseconds(out, "upstream_ms", record.upstream_us);
  milliseconds(out, "total_ms", record.total_us);
  out += record.complete ? ",\"complete\":true}\n" : ",\"complete\":false}\n";
}

void AccessText::append(std::string& out, const AccessRecord& record, AccessFormat format) {
  if (format == AccessFormat::Json)
    append_json(out, record);
  else
    append_combined(out, record);
}

}  // namespace berth::observe
