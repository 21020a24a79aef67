#include "backend/waiting_wrapper.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <span>
#include <string_view>

namespace berth::backend {
namespace {

struct Wrapper {
  std::string_view name;
  std::string_view verb;     ///< its first word; empty: any
  std::array<int, 3> keeps;  ///< the signals; 0: none, and kEvery alone: all
};

constexpr int kEvery = -1;
constexpr std::array<int, 3> kAll{kEvery, 0, 0};
/// At Ctrl-C a terminal sends INT to every process of the group, so these leave it to the terminal.
constexpr std::array<int, 3> kInterrupt{SIGINT, 0, 0};
constexpr std::array<int, 3> kInterruptAndQuit{SIGINT, SIGQUIT, 0};

// Tried with npm 11, pnpm 9, dash, bash and GNU make: at TERM a package manager of Node ends, and so does the
// shell that it has started, but the server in that shell hears nothing; at INT all of them wait. What the
// table says of go run, dotnet run and uv is taken from their sources and manuals (uv passes TERM on). Not in
// the table: poetry run, pipenv run, bundle exec and cargo run, which become the command; cross-env, tsx and
// timeout, which pass both signals on.
constexpr auto kWrappers = std::to_array<Wrapper>({
    {"npm", "", kAll},
    {"npx", "", kAll},
    {"pnpm", "", kAll},
    {"pnpx", "", kAll},
    {"yarn", "", kAll},
    {"yarnpkg", "", kAll},
    {"sh", "", kInterrupt},
    {"dash", "", kInterrupt},
    {"bash", "", kInterrupt},
    {"ash", "", kInterrupt},
    {"busybox", "", kInterrupt},
    {"ksh", "", kInterrupt},
    {"zsh", "", kInterrupt},
    {"uv", "run", kInterrupt},
    {"uvx", "", kInterrupt},
    {"make", "", {SIGINT, SIGQUIT, SIGHUP}},
    {"gmake", "", {SIGINT, SIGQUIT, SIGHUP}},
    {"go", "run", kInterruptAndQuit},
    {"dotnet", "run", kInterrupt},
});

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  for (std::string_view ending : {".js", ".cjs", ".mjs", ".py"})
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
  return name;
}

bool interprets(std::string_view name) {
  return name == "node" || name == "nodejs" || name == "env" || name.starts_with("python");
}

/// Without the interpreter of a script, and its options: "node /usr/bin/npm run x" is npm's.
std::span<const std::string> own_words(std::span<const std::string> words) {
  while (words.size() > 1 && interprets(base_name(words.front()))) {
    words = words.subspan(1);
    while (words.size() > 1 && words.front().starts_with('-')) words = words.subspan(1);
  }
  return words;
}

}  // namespace

bool keeps_signal_to_itself(const std::vector<std::string>& words, int signal) {
  const auto own = own_words(words);
  if (own.empty()) return false;
  // npm puts all its words into the first: "npm run dev".
  std::string_view first = own.front();
  std::string_view second = own.size() > 1 ? std::string_view(own[1]) : std::string_view();
  if (const auto space = first.find(' '); space != std::string_view::npos) {
    second = first.substr(space + 1);
    second = second.substr(0, second.find(' '));
    first = first.substr(0, space);
  }
  // A login shell: "-bash".
  if (first.starts_with('-')) first.remove_prefix(1);
  const auto name = base_name(first);
  return std::any_of(kWrappers.begin(), kWrappers.end(), [&](const Wrapper& each) {
    const bool same = each.name == name && (each.verb.empty() || each.verb == second);
    const auto keeps = [&](int one) { return one == kEvery || (one != 0 && one == signal); };
    return same && std::any_of(each.keeps.begin(), each.keeps.end(), keeps);
  });
}

}  // namespace berth::backend
