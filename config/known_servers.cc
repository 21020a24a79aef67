#include "config/known_servers.h"

#include <algorithm>
#include <span>
#include <utility>

#include "config/port_mode.h"
#include "config/script_words.h"
#include "config/server_table.h"

namespace berth {
namespace {

using Words = std::vector<std::string>;

bool contains(std::span<const std::string_view> list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_python(std::string_view program) {
  const std::string_view rest = program.starts_with("python") ? program.substr(6) : std::string_view("no");
  return rest.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// The row, and where its own words begin.
struct Match {
  const KnownServer* server = nullptr;
  std::size_t arguments = 0;
};

/// Where `command` has a server's own words: those behind its name, up to a `--`, which is for somebody else.
std::size_t end_of_words(const Words& command, std::size_t arguments) {
  const auto begin = command.begin() + static_cast<std::ptrdiff_t>(std::min(arguments, command.size()));
  return static_cast<std::size_t>(std::find(begin, command.end(), "--") - command.begin());
}

/// How many words the option in `word` takes, itself included.
std::size_t width_of(const KnownServer& server, std::string_view word) {
  if (!word.starts_with("-") || word.find('=') != std::string_view::npos) return 1;
  const bool dotted =
      server.dotted_take_values && word.starts_with("--") && word.find('.') != std::string_view::npos;
  const auto is_word = [&](std::string_view option) { return word == option; };
  const bool place = std::any_of(server.port_options.begin(), server.port_options.end(), is_word) ||
                     std::any_of(server.number_options.begin(), server.number_options.end(), is_word);
  return dotted || place || takes_next(word, server.value_options) ? 2 : 1;
}

/// Calls `use` with the place of each of the server's own words that is no option's value, until it returns
/// true.
template <class Use>
bool any_word(const KnownServer& server, const Words& command, std::size_t arguments, const Use& use) {
  const std::size_t end = end_of_words(command, arguments);
  for (std::size_t i = arguments; i < end; i += width_of(server, command[i]))
    if (use(i)) return true;
  return false;
}

bool has_option(const KnownServer& server, const Words& command, std::size_t arguments,
                std::span<const std::string_view> options) {
  return any_word(server, command, arguments, [&](std::size_t at) {
    return std::any_of(options.begin(), options.end(),
                       [&](std::string_view each) { return is_option(command[at], each); });
  });
}

/// Where the file or the module stands that Python or Ruby runs; the command's size: nowhere.
std::size_t interpreted_at(const Words& command, std::size_t interpreter) {
  constexpr std::string_view kValues = "-W -X --check-hash-based-pycs -I -r -C -E -K";
  std::size_t at = interpreter + 1;
  while (at < command.size() && command[at].starts_with("-") && command[at] != "-m" && command[at] != "-c")
    at += takes_next(command[at], kValues) ? 2 : 1;
  return std::min(at, command.size());
}

Match match(const Words& command) {
  const auto started = program_of(command);
  if (!started) return {};
  std::size_t at = started->at;
  std::string_view program = started->name;
  std::string_view module;
  // uv run -m uvicorn, uv run --module uvicorn
  const bool by_option = at > 0 && (command[at - 1] == "-m" || command[at - 1] == "--module");
  if (by_option) {
    module = command[at];
  } else if (is_python(program) || program == "ruby") {
    const std::size_t next = interpreted_at(command, at);
    if (next + 1 < command.size() && command[next] == "-m") {
      module = command[next + 1];
      at = next + 1;
    } else if (next < command.size()) {
      program = last_part(command[next]);  // python manage.py, ruby bin/rails
      at = next;
    }
  }
  for (const KnownServer& server : server_table()) {
    const bool known = module.empty() ? contains(server.programs, program) : contains(server.modules, module);
    if (!known) continue;
    const bool asked = server.subcommands.empty() || any_word(server, command, at + 1, [&](std::size_t word) {
                         return contains(server.subcommands, command[word]);
                       });
    if (asked) return {&server, at + 1};
  }
  return {};
}

std::string joined(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void note(std::string& changes, const std::string& change) {
  changes += (changes.empty() ? "" : ", ") + change;
}

bool is_number(std::string_view word) {
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Where a positional place stands: "8000", "0.0.0.0:8000", "[::1]:8000".
bool is_place(std::string_view word) {
  const auto colon = word.rfind(':');
  return !word.starts_with("-") && is_number(colon == std::string_view::npos ? word : word.substr(colon + 1));
}

void add(Words& command, std::size_t arguments, const Words& words, std::string& changes) {
  command.insert(command.begin() + static_cast<std::ptrdiff_t>(end_of_words(command, arguments)),
                 words.begin(), words.end());
  note(changes, "added " + joined(words));
}

/// The option that says the place in `word`, and what its value becomes; empty: it is none.
std::pair<std::string_view, std::string_view> place_option(const KnownServer& server, std::string_view word) {
  for (std::string_view option : server.port_options)
    if (is_option(word, option)) return {option, server.port_value};
  for (std::string_view option : server.number_options)
    if (is_option(word, option)) return {option, "{port}"};
  return {};
}

// Of the words, the first `fixed` cannot be changed. False: then nothing can be done. A second place is left
// out: it would be the old one's, too.
bool put_option(const Match& found, std::size_t fixed, Words& command, std::string& changes) {
  const KnownServer& server = *found.server;
  const std::size_t arguments = found.arguments;
  bool put = false;
  for (std::size_t i = std::max(arguments, fixed); i < end_of_words(command, arguments);) {
    const auto [option, value] = place_option(server, command[i]);
    const auto between = option.empty() ? std::nullopt : joint(command[i], option);
    const std::size_t width = between ? 1 : width_of(server, command[i]);
    const bool stray = std::any_of(server.stray_port_options.begin(), server.stray_port_options.end(),
                                   [&](std::string_view each) { return is_option(command[i], each); });
    if ((!option.empty() || stray) && i + width > command.size()) return true;
    const auto at = command.begin() + static_cast<std::ptrdiff_t>(i);
    const auto words = [&] { return joined(std::span(command).subspan(i, width)); };
    if ((!option.empty() && put) || stray) {
      note(changes, "left out " + words());
      command.erase(at, at + static_cast<std::ptrdiff_t>(width));
      continue;
    }
    if (!option.empty()) {
      const std::string before = words();
      std::string& word = command[i + width - 1];
      word = between ? std::string(option) + std::string(*between) + std::string(value) : std::string(value);
      note(changes, before + " became " + words());
      put = true;
    }
    i += width;
  }
  if (put) return true;
  const bool placed_before = any_word(server, command, arguments, [&](std::size_t at) {
    return at < fixed && !place_option(server, command[at]).first.empty();
  });
  if (!server.last_wins && placed_before) return false;
  add(command, arguments, {std::string(server.port_options.front()), std::string(server.port_value)},
      changes);
  return true;
}

bool put_place(const Match& found, std::size_t fixed, Words& command, std::string& changes) {
  const std::string value(found.server->port_value);
  std::optional<std::size_t> place;
  any_word(*found.server, command, found.arguments, [&](std::size_t at) {
    if (is_place(command[at])) place = at;
    return place.has_value();
  });
  if (!place) {
    add(command, found.arguments, {value}, changes);
    return true;
  }
  if (*place < fixed) return false;
  note(changes, command[*place] + " became " + value);
  command[*place] = value;
  return true;
}

/// Whether it was told its place already, in words that are not to be touched.
bool told_otherwise(const Match& found, const Words& command) {
  if (has_option(*found.server, command, found.arguments, found.server->told_otherwise)) return true;
  return std::any_of(command.begin(), command.end(), [&](const std::string& word) {
    return placeholder_mode(word) || word.find("unix:") != std::string::npos || word.starts_with("fd://");
  });
}

/// The words for a server whose pages lie below `base`.
Words at_base(const std::vector<std::string_view>& words, std::string_view base) {
  Words out(words.begin(), words.end());
  for (std::string& word : out)
    if (const auto at = word.find("{base}"); at != std::string::npos) word.replace(at, 6, base);
  return out;
}

std::optional<Recognised> equip(const Words& command, std::size_t fixed, std::string_view base) {
  const Match found = match(command);
  if (found.server == nullptr || told_otherwise(found, command) || asks_for_any_port(command) ||
      end_of_words(command, found.arguments) < fixed)
    return std::nullopt;
  const KnownServer& server = *found.server;
  Recognised out{
      std::string(server.name), command, {}, std::string(server.ready_path), std::string(server.caution)};
  const bool put = server.positional ? put_place(found, fixed, out.command, out.changes)
                                     : put_option(found, fixed, out.command, out.changes);
  if (!put) return std::nullopt;
  for (const Extra& extra : server.extras) {
    if (has_option(server, out.command, found.arguments, extra.unless)) continue;
    add(out.command, found.arguments, Words(extra.words.begin(), extra.words.end()), out.changes);
  }
  const Extra& below = server.below;
  if (base.empty() || below.words.empty()) return out;
  if (!has_option(server, out.command, found.arguments, below.unless))
    add(out.command, found.arguments, at_base(below.words, base), out.changes);
  if (!out.ready_path.empty()) out.ready_path.insert(0, base);
  return out;
}

std::optional<Recognised> equip_any(const Words& command, std::size_t fixed, std::string_view base);

/// Where the server sees `own`, which cannot be changed, and what follows in `command` after `before`, of
/// which `fixed` words more cannot be changed. `separated`: it sees that only after a `--`, which is not
/// there yet.
std::optional<Recognised> equip_rest(const Words& own, Words before, std::size_t fixed, bool separated,
                                     const Words& command, std::string_view base) {
  Words whole = own;
  whole.insert(whole.end(), command.begin() + static_cast<std::ptrdiff_t>(before.size()), command.end());
  auto inner = equip_any(whole, own.size() + fixed, base);
  if (!inner) return std::nullopt;
  if (separated) before.emplace_back("--");
  before.insert(before.end(), inner->command.begin() + static_cast<std::ptrdiff_t>(own.size()),
                inner->command.end());
  inner->command = std::move(before);
  return inner;
}

/// npm exec NAME: npm keeps what stands before `--` for itself, but for the name and other words.
std::optional<Recognised> equip_kept(const Words& command, const Program& program, std::size_t fixed,
                                     std::string_view base) {
  Words own = passed_by_npm(command, program.at);
  if (own.empty()) return std::nullopt;
  own.front() = program.name;
  const std::size_t end = end_of_words(command, program.at);
  const bool separated = end == command.size();
  Words before = command;
  before.resize(separated ? end : end + 1);
  const std::size_t fixed_after = std::max(fixed, before.size()) - before.size();
  return equip_rest(own, std::move(before), fixed_after, separated, command, base);
}

std::optional<Recognised> equip_any(const Words& command, std::size_t fixed, std::string_view base) {
  const auto program = program_of(command);
  if (program && program->options_kept) return equip_kept(command, *program, fixed, base);
  return equip(command, fixed, base);
}

/// npm run NAME: the server that its script starts decides what npm is to pass on. The script's own words
/// stay; only what stands behind them can be changed.
std::optional<Recognised> equip_script(const Words& command, const ScriptOf& script_of,
                                       std::string_view base) {
  const auto call = script_call(command);
  const auto script = call ? script_of(*call) : std::nullopt;
  const auto own = script ? script_words(*script) : std::nullopt;
  if (!own) return std::nullopt;

  // npm keeps what stands before `--` for itself.
  const bool npm = call->manager == "npm";
  const std::size_t end = end_of_words(command, call->at);
  Words before = command;
  before.resize(npm ? std::min(command.size(), end + 1) : call->at + 1);
  const bool separated = npm && end == before.size();
  auto inner = equip_rest(*own, std::move(before), 0, separated, command, base);
  if (inner) inner->name = call->manager + " (" + inner->name + ")";
  return inner;
}

}  // namespace

std::optional<Recognised> recognise(const std::vector<std::string>& command, const ScriptOf& script_of,
                                    std::string_view base) {
  if (auto script = equip_script(command, script_of, base)) return script;
  return equip_any(command, 0, base);
}

}  // namespace berth
