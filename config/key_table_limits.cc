#include <map>
#include <span>
#include <string_view>

#include "config/key_table_parts.h"
#include "config/limit_keys.h"
#include "config/toml_text.h"

namespace berth {
namespace {

struct LimitText {
  std::string_view example;
  std::string_view doc;
};
using LimitTexts = std::map<std::string_view, LimitText>;

const LimitTexts kListenerTexts = {
    {"head_timeout", {R"("5s")", "How long the whole head of a request may take"}},
    {"idle_timeout", {R"("5m")", "How long a connection may wait between requests"}},
    {"max_head", {R"("16KiB")", "The longest head of a request"}},
    {"max_fields", {"64", "The most fields of a head"}},
    {"max_connections", {"500", "The most connections at once"}},
    {"max_per_client", {"20", "The most connections of one address; 0: no limit"}},
};

const LimitTexts kAppTexts = {
    {"body_stall", {R"("1m")", "How long a request body may stop coming, or a client stop reading"}},
    {"body_min_rate", {R"("1KiB")", "The least bytes a second of a request body; 0: off"}},
    {"connect_timeout", {R"("500ms")", "How long a connection to the backend may take"}},
    {"response_timeout",
     {R"("5m")", "How long the head of the final response may take, once the whole request is out"}},
    {"stream_idle", {R"("10m")", "How long a response stream or a tunnel may be silent"}},
    {"upstream_idle", {R"("2s")", "How long an unused connection to the backend is kept"}},
    {"max_upstream", {"64", "The most connections to one backend; beyond it requests are held"}},
    {"hold_timeout", {R"("10s")", "How long a request waits when there is no backend to go to"}},
    {"hold_requests", {"50", "The most requests that wait at once"}},
};

KeyType type_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::Duration:
      return KeyType::Duration;
    case KeyKind::Size:
      return KeyType::Size;
    case KeyKind::Count:
      break;
  }
  return KeyType::CountText;
}

template <class Owner, class Find>
std::vector<FileKey> limit_rows(std::span<const LimitKey<Owner>> keys, const LimitTexts& texts, Find find) {
  std::vector<FileKey> rows;
  for (const LimitKey<Owner>& key : keys) {
    const auto text = texts.find(key.name);
    // A limit without a sentence shows as one in the tests.
    const LimitText said = text == texts.end() ? LimitText{} : text->second;
    const auto value = [key, find](const Config& config) {
      const std::string written = limit_text(find(config), key);
      return key.kind() == KeyKind::Count ? written : toml_text(written);
    };
    rows.push_back(file_key(
        {std::string(key.name), type_of(key.kind()), std::string(said.example), std::string(said.doc)},
        value));
  }
  return rows;
}

}  // namespace

std::vector<FileTable> listener_tables() {
  std::vector<FileKey> rows =
      limit_rows(listener_limit_keys(), kListenerTexts,
                 [](const Config& config) -> const ListenerConfig& { return config.listeners.front(); });
  rows.push_back(file_key(
      {"trusted", KeyType::TextOrWords, R"(["127.0.0.1/32", "unix"])",
       R"(Proxies in front of berth: networks, and "unix" for the peers of a unix socket; what these say of a )"
       "request's client is kept, what all others say is replaced"},
      [](const Config& config) { return toml_words(config.listeners.front().trusted); }));
  return {{"listener.ADDRESS",
           "What acts before an app is known; ADDRESS is one address of an app's listen, letter by letter",
           std::move(rows)}};
}

std::vector<FileKey> app_limit_rows() {
  return limit_rows(app_limit_keys(), kAppTexts,
                    [](const Config& config) -> const Limits& { return config.apps.front().limits; });
}

}  // namespace berth
