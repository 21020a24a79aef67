#include <algorithm>

#include "config/key_table_parts.h"
#include "config/mode_text.h"
#include "config/port_mode.h"
#include "config/toml_text.h"
#include "config/validate.h"

namespace berth {
namespace {

template <class Text>
auto of_app(Text text) {
  return [text](const Config& config) { return text(config.apps.front()); };
}

/// One of the checks: there with its own kind alone.
template <class Text>
auto of_check(ReadyConfig::Kind kind, Text text) {
  return of_app([kind, text](const AppConfig& app) { return app.ready.kind == kind ? text(app.ready) : ""; });
}

std::string listen_words(const AppConfig& app) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < app.listen.size();) {
    const std::size_t end = std::min(app.listen.find(',', begin), app.listen.size());
    words.push_back(app.listen.substr(begin, end - begin));
    begin = end + 1;
  }
  return words.size() == 1 ? toml_text(words.front()) : toml_words(words);
}

std::string port_words(const AppConfig& app) {
  if (!app.port.mode || app.port.mode == PortMode::External || app.port.mode == PortMode::None) return "";
  if (app.port.mode == PortMode::Fixed) return std::to_string(app.port.number);
  return toml_text(port_mode_text(*app.port.mode));
}

std::string external_words(const AppConfig& app) {
  if (app.attached_later) return toml_text("attach");
  return app.external ? toml_text(app.external->text()) : "";
}

std::string long_path_words(const LongConfig& config) {
  std::map<std::string, std::string> words;
  for (const auto& [path, mode] : config.paths) words[path] = long_mode_text(mode);
  return toml_variables(words);
}

/// What is there only if the user writes it.
FileKey without_default(FileKey key) {
  key.standard.clear();
  return key;
}

std::vector<FileKey> place_rows() {
  return {
      without_default(
          file_key({"listen", KeyType::TextOrWords, R"("127.0.0.1:8000")",
                    "Where users come to: HOST:PORT, unix:/PATH, systemd, or a list of them; without "
                    "it nobody comes, as for a worker process"},
                   of_app(listen_words))),
      file_key({"host", KeyType::TextOrWords, R"(["example.org", "*.example.org"])",
                "The hosts that this app answers for; empty: all that no other app names"},
               of_app([](const AppConfig& a) { return toml_words(a.hosts); })),
      file_key({"path", KeyType::Text, R"("/api")",
                "The paths that it answers for, in whole segments; the longest of several apps counts"},
               of_app([](const AppConfig& a) { return toml_text(a.path); })),
      file_key({"strip", KeyType::Truth, "true", "Takes path off what the backend sees"},
               of_app([](const AppConfig& a) { return toml_truth(a.strip); })),
      file_key({"mode",
                KeyType::OneOf,
                R"("tcp")",
                "What flows: HTTP, or bytes of whatever protocol",
                {"http", "tcp"}},
               of_app([](const AppConfig& a) { return toml_text(mode_text(a.mode)); })),
  };
}

std::vector<FileKey> start_rows() {
  return {
      without_default(
          file_key({"command", KeyType::Words, R"(["uvicorn", "app:app"])",
                    "The program and its arguments; {port}, {host}, {fd} and {socket} are replaced"},
                   of_app([](const AppConfig& a) { return toml_words(a.command); }))),
      file_key(
          {"external", KeyType::Address, R"("127.0.0.1:9000")",
           R"(Instead of a command: the address of a server that runs already, or "attach": it comes later)"},
          of_app(external_words)),
      file_key({"port", KeyType::Port, R"("discover")",
                "How the command comes to its port: lease, fd, discover, unix or a number; without it its "
                "placeholders choose"},
               of_app(port_words)),
      file_key({"plain", KeyType::Truth, "true", "Leaves the command of a known server as it is"},
               of_app([](const AppConfig& a) { return toml_truth(a.plain); })),
      file_key(
          {"dir", KeyType::Text, R"("/srv/site")", "The command's working directory, relative to the file"},
          of_app([](const AppConfig& a) { return toml_text(a.dir.empty() ? "." : a.dir); })),
      file_key(
          {"env", KeyType::TextTable, R"({ APP_ENV = "dev" })",
           "Added to the environment of the command; $NAME is replaced from berth's own, $$ is a dollar"},
          of_app([](const AppConfig& a) { return toml_variables(a.env); })),
      file_key({"user", KeyType::Text, R"("www-data")",
                "Whom the command runs as, where berth is root's; empty: as berth"},
               of_app([](const AppConfig& a) { return toml_text(a.user); })),
      file_key({"tty", KeyType::Truth, "true", "Gives the command a terminal of its own"},
               of_app([](const AppConfig& a) { return toml_truth(a.tty); })),
      file_key({"after", KeyType::Words, R"(["db"])", "Apps that have to serve before this one is started"},
               of_app([](const AppConfig& a) { return toml_words(a.after); })),
  };
}

std::vector<FileKey> swap_rows() {
  return {
      file_key(
          {"swap",
           KeyType::OneOf,
           R"("stop-start")",
           "What a swap does first: start the new one, or stop the old one, for apps that cannot run twice",
           {"overlap", "stop-start"}},
          of_app([](const AppConfig& a) {
            return toml_text(a.swap == SwapOrder::Overlap ? "overlap" : "stop-start");
          })),
      file_key({"drain", KeyType::Duration, R"("5s")",
                "How long the old one's requests may take after a switch; then they are cut, and counted"},
               of_app([](const AppConfig& a) { return toml_duration(a.drain); })),
      file_key(
          {"long",
           KeyType::OneOf,
           R"("pin")",
           "WebSockets and event streams at a switch: ended in good order, waited for as others are, or left "
           "with the old one",
           {"cut", "drain", "pin"}},
          of_app([](const AppConfig& a) { return toml_text(long_mode_text(a.long_.mode)); })),
      file_key({"long_grace", KeyType::Duration, R"("5s")",
                "How long after a switch the first of them is ended; the last one after twice that"},
               of_app([](const AppConfig& a) { return toml_duration(a.long_.grace); })),
      file_key({"pin", KeyType::Duration, R"("10m")", "How long those that are left may keep the old one"},
               of_app([](const AppConfig& a) { return toml_duration(a.long_.pin); })),
      file_key({"long_paths", KeyType::TextTable, R"({ "/terminals" = "pin" })",
                "The same as long, for the paths below these; the longest of several counts"},
               of_app([](const AppConfig& a) { return long_path_words(a.long_); })),
      file_key({"max_retiring", KeyType::Count, "2",
                "The most old backends at once; past it the oldest is hurried"},
               of_app([](const AppConfig& a) { return std::to_string(a.max_retiring); })),
      file_key({"keep_old", KeyType::Duration, R"("1m")",
                "How long the old one is kept running after a switch, for a rollback"},
               of_app([](const AppConfig& a) { return toml_duration(a.keep_old); })),
  };
}

std::vector<FileKey> check_rows() {
  using Kind = ReadyConfig::Kind;
  const auto yes = [](const ReadyConfig&) { return std::string("true"); };
  return {
      file_key({"http", KeyType::Text, R"("/health")",
                "Asks this path, and wants a complete answer with `status`"},
               of_check(Kind::Http, [](const ReadyConfig& r) { return toml_text(r.path); })),
      file_key({"tcp", KeyType::OnlyTrue, "true", "Instead: a connection is accepted"},
               of_check(Kind::Tcp, yes)),
      file_key({"listen", KeyType::OnlyTrue, "true", "Instead: it listens, and no more"},
               of_check(Kind::Listen, yes)),
      file_key(
          {"notify", KeyType::OnlyTrue, "true", "Instead: READY=1 comes to NOTIFY_SOCKET, as for systemd"},
          of_check(Kind::Notify, yes)),
      file_key({"log", KeyType::Text, R"("listening on [0-9]+")",
                "Instead: a line of its output matches this regular expression (RE2's syntax)"},
               of_check(Kind::Log, [](const ReadyConfig& r) { return toml_text(r.log); })),
      file_key(
          {"exec", KeyType::Words, R"(["pg_isready", "-p", "{port}"])", "Instead: this command ends with 0"},
          of_check(Kind::Exec, [](const ReadyConfig& r) { return toml_words(r.exec); })),
      file_key({"started", KeyType::OnlyTrue, "true",
                "Instead: it runs; what an app without listen has unless it says otherwise"},
               of_check(Kind::Started, yes)),
  };
}

std::vector<FileKey> ready_rows() {
  std::vector<FileKey> rows = check_rows();
  const auto add = [&](KeyText text, std::string (*value)(const ReadyConfig&)) {
    rows.push_back(
        file_key(std::move(text), of_app([value](const AppConfig& app) { return value(app.ready); })));
  };
  add({"status", KeyType::Status, R"("200-299")", "The statuses of http that are ready"},
      [](const ReadyConfig& r) {
        return toml_text(std::to_string(r.status_min) + "-" + std::to_string(r.status_max));
      });
  add({"host", KeyType::Text, R"("example.org")", "The Host of the check, and of warm"},
      [](const ReadyConfig& r) { return toml_text(r.host); });
  add({"successes", KeyType::Count, "3", "How often in a row the check has to pass, at most 100"},
      [](const ReadyConfig& r) { return std::to_string(r.successes); });
  add({"warm", KeyType::Words, R"(["/", "/slow"])", "Paths that are requested once before the switch"},
      [](const ReadyConfig& r) { return toml_words(r.warm); });
  add({"timeout", KeyType::Duration, R"("2m")", "For the start, the check and warm together"},
      [](const ReadyConfig& r) { return toml_duration(r.timeout); });
  return rows;
}

std::vector<FileKey> stop_rows() {
  return {file_key({"signal", KeyType::Signal, R"("INT")", "Asks the old backend to end"},
                   of_app([](const AppConfig& a) { return toml_text(signal_text(a.stop.signal)); })),
          file_key({"to",
                    KeyType::OneOf,
                    R"("group")",
                    "Who gets the signal first: the main process, then what is left of its group; or the "
                    "whole group at once",
                    {"main", "group"}},
                   of_app([](const AppConfig& a) { return toml_text(stop_to_text(a.stop.to)); })),
          file_key({"grace", KeyType::Duration, R"("3s")",
                    "How long it may take; then KILL, to every process of it"},
                   of_app([](const AppConfig& a) { return toml_duration(a.stop.grace); }))};
}

std::vector<FileKey> health_rows() {
  return {file_key({"every", KeyType::Duration, R"("5s")",
                    "How often the running backend is asked, with the check of ready; off: never"},
                   of_app([](const AppConfig& a) { return toml_duration(a.health.every); })),
          file_key({"timeout", KeyType::Duration, R"("1s")", "How long one check may take"},
                   of_app([](const AppConfig& a) { return toml_duration(a.health.timeout); })),
          file_key({"fall", KeyType::Count, "5", "Failures in a row after which it is replaced"},
                   of_app([](const AppConfig& a) { return std::to_string(a.health.fall); })),
          file_key({"rise", KeyType::Count, "1", "Passes in a row after which it is healthy again"},
                   of_app([](const AppConfig& a) { return std::to_string(a.health.rise); }))};
}

std::vector<FileKey> hook_rows() {
  std::vector<FileKey> rows;
  const auto add = [&](const char* name, const char* doc, HooksConfig::Command HooksConfig::*field) {
    rows.push_back(file_key({name, KeyType::Words, R"(["./tell", "all"])", doc},
                            of_app([field](const AppConfig& a) { return toml_words(a.hooks.*field); })));
  };
  add("ready", "Run when the new one has passed its check, before the switch", &HooksConfig::ready);
  add("switched", "Run when the new one serves", &HooksConfig::switched);
  add("released", "Run when the old one is gone, and its port free", &HooksConfig::released);
  add("failed", "Run when a swap has failed, or a backend has crashed or fails its health checks",
      &HooksConfig::failed);
  rows.push_back(file_key({"timeout", KeyType::Duration, R"("3s")", "How long one of them may take"},
                          of_app([](const AppConfig& a) { return toml_duration(a.hooks.timeout); })));
  rows.push_back(
      file_key({"required", KeyType::Words, R"(["ready"])", "Hooks without which the swap fails: only ready"},
               of_app([](const AppConfig& a) { return toml_words(a.hooks.required); })));
  return rows;
}

std::vector<FileKey> field_rows() {
  return {
      file_key({"request_id", KeyType::Truth, "false",
                "X-Request-Id, to the backend and back: the client's, or a new one"},
               of_app([](const AppConfig& a) { return toml_truth(a.fields.request_id); })),
      file_key({"server_timing", KeyType::Truth, "true",
                "Server-Timing in responses: how long berth held the request, and the backend took"},
               of_app([](const AppConfig& a) { return toml_truth(a.fields.server_timing); })),
      file_key({"generation", KeyType::Truth, "true", "Berth-Generation in responses: which backend it was"},
               of_app([](const AppConfig& a) { return toml_truth(a.fields.generation); }))};
}

}  // namespace

std::vector<FileTable> app_tables() {
  std::vector<FileKey> rows = place_rows();
  for (std::vector<FileKey> more : {start_rows(), swap_rows()})
    rows.insert(rows.end(), more.begin(), more.end());
  return {{"app.NAME", "One app; NAME is what the other verbs call it", std::move(rows)},
          {"app.NAME.ready", "When a new backend is ready; one check, and how it is asked", ready_rows()},
          {"app.NAME.stop", "How a backend is asked to end", stop_rows()},
          {"app.NAME.health", "Whether the running backend still answers", health_rows()},
          {"app.NAME.hooks", "Commands that are run when something has happened", hook_rows()},
          {"app.NAME.fields", "Fields that berth adds to requests and responses", field_rows()},
          {"app.NAME.limits", "What an app's requests may take", app_limit_rows()}};
}

}  // namespace berth
