#include "config/load_options.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/config_error.h"
#include "config/duration_text.h"
#include "config/run_options.h"

namespace berth {
namespace {

constexpr std::array<std::string_view, 7> kKinds = {"get",    "fresh",  "post",     "download",
                                                    "upload", "events", "websocket"};

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "a,b" as its parts.
std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto comma = text.find(','); comma != std::string::npos; comma = text.find(',', begin)) {
    parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

ShowText wrong(const std::string& what) { return {"berth: " + what + "\nsee: berth load --help\n", 2}; }

}  // namespace

void LoadOptions::add(CLI::App& root) {
  CLI::App* load = root.add_subcommand("load", "what users of a server see while it restarts");
  load->add_option("URL", verb_.urls, "http://HOST:PORT/PATH, or http://unix:/SOCKET:/PATH; several")
      ->type_name("");
  const auto option = [&](const char* name, auto& into, const char* type, const char* help) {
    add_valued_option(*load, name, into, type, help);
  };
  option("-c,--connections", connections_, "N", "keep-alive connections (16); with --rate: at most (256)");
  option("-r,--rate", rate_, "N", "requests a second, each due at its own time (as fast as answered)");
  option("-d,--duration", duration_, "TIME", "how long (10s, unless --requests or --swaps ends it)");
  option("-n,--requests", requests_, "N", "end after so many requests");
  option("--swaps", swaps_, "N", "end after so many swaps, and a second");
  option("--swap-every", swap_every_, "TIME", "ask the running berth to swap, as often (1s with --swaps)");
  option("--each", each_, "TIME", "run the command behind `--`, as often");
  option("--mix", mix_, "KIND=N[%][@PATH]",
         "get, fresh, post, download, upload, events, websocket; may be repeated");
  option("--request-file", verb_.request_file, "FILE", "lines `METHOD PATH [BODY]`, sent in turn");
  option("--header", verb_.headers, "\"NAME: VALUE\"", "with each request; may be repeated");
  option("--probe", probe_, "TIME", "a bare connect, as often (off)");
  option("--timeout", timeout_, "TIME", "for one request (10s)");
  option("--seed", seed_, "N", "of bodies and sizes (1)");
  option("--json", verb_.json, "FILE", "the report as JSON (docs/load.schema.json); - is stdout");
  option("--html", verb_.html, "FILE", "the report as one page that needs no network");
  load->add_option("--compare", verb_.compare, "two JSON reports side by side; nothing is run")
      ->expected(2)
      ->type_name("A.json B.json");
  option("--max-failed", max_failed_, "N", "bound: failed requests");
  option("--max-p99", max_p99_, "TIME", "bound: latency of 99 % of the answers");
  option("--max-gap", max_gap_, "TIME", "bound: longest time without a right answer");
  option("--control", verb_.target.control, "PATH", "the control socket of the berth that is to swap");
  option("--app", verb_.target.app, "APP", "which of its apps (may be left out when there is one)");
  load->footer(R"(
In the mix `80%` is a share of the requests (what is left of 100 % is `get`), a bare number so many connections
that do nothing else. PATH is the URL's unless given; for berth's demo: post and upload /echo, download
/big?bytes=10000000, events /events, websocket /ws. Ctrl-C ends the run with the report so far; a second one
does not wait for the requests that are under way.
exit codes: 0 done, every bound kept · 1 a bound is broken, nothing was answered, or a report could not be
            written · 2 the call was wrong · 3 no berth to ask for swaps)");
}

std::optional<std::string> LoadOptions::read_numbers() {
  const auto whole = [](const char* name, const std::optional<std::string>& text, auto& into,
                        std::uint64_t least) -> std::optional<std::string> {
    if (!text) return std::nullopt;
    const auto value = number_in<std::uint64_t>(*text);
    if (!value || *value < least || *value > 1'000'000'000)
      return std::string(name) + " '" + *text + "' is not a whole number from " + std::to_string(least) +
             " on";
    into = static_cast<std::remove_reference_t<decltype(into)>>(*value);
    return std::nullopt;
  };
  if (auto what = whole("--connections", connections_, verb_.connections, 1)) return what;
  if (auto what = whole("--requests", requests_, verb_.requests, 1)) return what;
  if (auto what = whole("--swaps", swaps_, verb_.swaps, 1)) return what;
  if (auto what = whole("--seed", seed_, verb_.seed, 0)) return what;
  std::uint64_t failed = 0;
  if (auto what = whole("--max-failed", max_failed_, failed, 0)) return what;
  if (max_failed_) verb_.max_failed = static_cast<double>(failed);
  if (verb_.connections > 100'000) return "--connections is at most 100000";
  if (!rate_) return std::nullopt;
  const auto rate = number_in<double>(*rate_);
  if (!rate || !(*rate > 0) || *rate > 1e7)
    return "--rate '" + *rate_ + "' is not a number of requests a second: write 500 or 0.5";
  verb_.rate = *rate;
  return std::nullopt;
}

std::optional<std::string> LoadOptions::read_times() {
  const auto time = [](const char* name, const std::optional<std::string>& text,
                       Milliseconds& into) -> std::optional<std::string> {
    if (!text) return std::nullopt;
    const auto value = parse_duration(*text);
    if (!value || value->count() <= 0 || *value == kOff)
      return std::string(name) + " '" + *text + R"(' is not a time: write "50ms", "2s" or "5m")";
    into = *value;
    return std::nullopt;
  };
  Milliseconds p99{0}, gap{0};
  if (auto what = time("--duration", duration_, verb_.duration)) return what;
  if (auto what = time("--swap-every", swap_every_, verb_.swap_every)) return what;
  if (auto what = time("--each", each_, verb_.each)) return what;
  if (auto what = time("--probe", probe_, verb_.probe)) return what;
  if (auto what = time("--timeout", timeout_, verb_.timeout)) return what;
  if (auto what = time("--max-p99", max_p99_, p99)) return what;
  if (auto what = time("--max-gap", max_gap_, gap)) return what;
  if (max_p99_) verb_.max_p99_ms = static_cast<double>(p99.count());
  if (max_gap_) verb_.max_gap_ms = static_cast<double>(gap.count());
  return std::nullopt;
}

std::optional<std::string> LoadOptions::read_mix() {
  unsigned shares = 0;
  for (const std::string& text : mix_) {
    for (const std::string& each : parts_of(text)) {
      LoadVerb::Part part;
      const auto equals = each.find('=');
      part.kind = each.substr(0, equals);
      if (std::find(kKinds.begin(), kKinds.end(), part.kind) == kKinds.end()) {
        const std::string near = nearest_word(part.kind, {kKinds.begin(), kKinds.end()});
        return "--mix: there is no kind '" + part.kind + "'" +
               (near.empty() ? ": there are get, fresh, post, download, upload, events and websocket"
                             : ": did you mean '" + near + "'?");
      }
      std::string amount = equals == std::string::npos ? std::string() : each.substr(equals + 1);
      if (const auto at = amount.find('@'); at != std::string::npos) {
        part.target = amount.substr(at + 1);
        amount.resize(at);
        if (!part.target.starts_with("/"))
          return "--mix '" + each + "': a path behind @ starts with /, as in post=10%@/echo";
      }
      part.percent = amount.ends_with("%");
      if (part.percent) amount.pop_back();
      const auto value = number_in<unsigned>(amount);
      if (!value || *value == 0 || *value > (part.percent ? 100U : 100'000U))
        return "--mix '" + each + "' needs a share or a number: " + part.kind + "=10% or " + part.kind + "=4";
      part.amount = *value;
      const bool long_lived = part.kind == "events" || part.kind == "websocket";
      if (part.percent && long_lived)
        return "--mix '" + each + "': " + part.kind + " takes a number of connections, as in " + part.kind +
               "=4";
      if (part.percent) shares += part.amount;
      verb_.mix.push_back(part);
    }
  }
  if (shares > 100) return "--mix: the shares come to " + std::to_string(shares) + " %";
  return std::nullopt;
}

std::optional<std::string> LoadOptions::misfit(const std::vector<std::string>& command) {
  if (!verb_.compare.empty()) {
    if (!verb_.urls.empty()) return "--compare looks at two reports and runs nothing: leave the URL out";
    return std::nullopt;
  }
  if (verb_.urls.empty()) return "load needs a URL: berth load http://127.0.0.1:8000/";
  if (each_ && command.empty()) return "--each needs a command behind `--`";
  if (!each_ && !command.empty()) return "a command behind `--` needs --each TIME";
  if (each_ && (swap_every_ || swaps_))
    return "--each runs a command, --swaps asks a berth: give one of them";
  const bool only_long = !verb_.mix.empty() && verb_.rate == 0 &&
                         std::all_of(verb_.mix.begin(), verb_.mix.end(), [](const LoadVerb::Part& part) {
                           return part.kind == "events" || part.kind == "websocket";
                         });
  if (verb_.requests != 0 && only_long)
    return "--requests counts requests, and the mix sends none: give --duration";
  for (const std::string& header : verb_.headers) {
    const auto colon = header.find(':');
    if (colon == 0 || colon == std::string::npos || header.find_first_of("\r\n") != std::string::npos)
      return "--header '" + header + "' is not \"NAME: VALUE\"";
  }
  return std::nullopt;
}

Verb LoadOptions::finish(const std::vector<std::string>& words, const std::vector<std::string>& command) {
  auto what = read_numbers();
  if (!what) what = read_times();
  if (!what) what = read_mix();
  if (!what) what = misfit(command);
  if (what) return wrong(*what);
  if (verb_.swaps != 0 && verb_.swap_every.count() == 0) verb_.swap_every = Milliseconds(1'000);
  verb_.command = command;
  verb_.words = words;
  if (!command.empty()) {
    verb_.words.emplace_back("--");
    verb_.words.insert(verb_.words.end(), command.begin(), command.end());
  }
  return std::move(verb_);
}

}  // namespace berth
