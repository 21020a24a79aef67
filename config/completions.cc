// The completions of bash, zsh and fish. Names of apps are asked of the berth that runs.
#include <algorithm>

#include "config/command_table.h"

namespace berth {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string names_of(const std::vector<OptionRow>& options) {
  std::string text;
  for (const OptionRow& option : options) text += (text.empty() ? "" : " ") + joined(option.names);
  return text;
}

/// `text` within single quotes, each of its own as `quote`.
std::string quoted(const std::string& text, const std::string& quote) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? quote : std::string(1, c);
  return out + "'";
}

/// What a value is completed with, as a word of the shell function's; empty: nothing is known of it.
std::string_view kind_of(const OptionRow& option) {
  if (option.value == "FILE" || option.value == "PATH") return "files";
  if (option.value == "DIR") return "dirs";
  return "nothing";
}

constexpr std::string_view kBashHead =
    R"(# Completions of berth for bash, written by `berth completions bash`.
_berth_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_berth_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen "$1" -- "$cur"); }
_berth() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' at i
  local -a control=()
  COMPREPLY=()
  # --option=value comes in three words.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --)
        if ((i + 1 == COMP_CWORD)); then at=-c; else at=-f; fi
        _berth_files "$at"
        return
        ;;
      --control) control=(--control "${COMP_WORDS[i + 1]}") ;;
      -*) ;;
      *) [[ $verb ]] || verb=${COMP_WORDS[i]} ;;
    esac
  done
)";

std::string bash_text(const CommandTable& table) {
  std::string verbs;
  for (const VerbRow& verb : table.verbs) verbs += (verbs.empty() ? "" : " ") + verb.name;
  std::string text(kBashHead);
  text += "  if [[ ! $verb ]]; then\n    _berth_words '" + verbs + " --help --version'\n    return\n  fi\n";
  text += "  case \"$verb $prev\" in\n";
  for (const VerbRow& verb : table.verbs) {
    for (const OptionRow& option : verb.options) {
      if (option.value.empty()) continue;
      std::string patterns;
      for (const std::string& name : option.names)
        patterns += (patterns.empty() ? "'" : " | '") + verb.name + " " + name + "'";
      const std::string_view kind = kind_of(option);
      const std::string answer = !option.choices.empty() ? "_berth_words '" + joined(option.choices) + "'"
                                 : kind == "files"       ? "_berth_files -f"
                                 : kind == "dirs"        ? "_berth_files -d"
                                                         : ":";
      text += "    " + patterns + ") " + answer + "; return ;;\n";
    }
  }
  text += "    'help help') _berth_words '" + verbs + "'; return ;;\n";
  text += "    'completions completions') _berth_words 'bash zsh fish'; return ;;\n  esac\n  case $verb in\n";
  for (const VerbRow& verb : table.verbs) {
    const std::string options = names_of(verb.options) + " --help" + (verb.takes_command ? " --" : "");
    text += "    " + verb.name + ")\n      if [[ $cur == -* ]]; then _berth_words '" + options + "'\n";
    if (verb.takes_app)
      text +=
          "      else _berth_words \"$(\"${COMP_WORDS[0]}\" status --names \"${control[@]}\" "
          "2>/dev/null)\"\n";
    text += "      fi\n      ;;\n";
  }
  return text + "  esac\n}\ncomplete -F _berth berth\n";
}

constexpr std::string_view kZshHead = R"(#compdef berth
# Completions of berth for zsh, written by `berth completions zsh`.
_berth() {
  local verb i
  local -a control verbs options apps
  for ((i = 2; i < CURRENT; i++)); do
    case $words[i] in
      --) shift $((i)) words; ((CURRENT -= i)); _normal; return ;;
      --control) control=(--control $words[i+1]) ;;
      -*) ;;
      *) [[ -n $verb ]] || verb=$words[i] ;;
    esac
  done
)";

std::string zsh_pair(const std::string& word, const std::string& help) {
  std::string escaped;
  for (const char c : help) escaped += c == ':' ? std::string("\\:") : std::string(1, c);
  return quoted(word + ":" + escaped, R"('\'')");
}

std::string zsh_text(const CommandTable& table) {
  std::string text(kZshHead);
  text += "  verbs=(\n";
  for (const VerbRow& verb : table.verbs) text += "    " + zsh_pair(verb.name, verb.help) + "\n";
  text += "  )\n  if [[ -z $verb || ( $verb == help && $words[CURRENT-1] == help ) ]]; then\n";
  text += "    _describe verb verbs\n    return\n  fi\n  case \"$verb $words[CURRENT-1]\" in\n";
  for (const VerbRow& verb : table.verbs) {
    for (const OptionRow& option : verb.options) {
      if (option.value.empty()) continue;
      std::string patterns;
      for (const std::string& name : option.names)
        patterns += (patterns.empty() ? "'" : "|'") + verb.name + " " + name + "'";
      const std::string_view kind = kind_of(option);
      const std::string answer = !option.choices.empty() ? "compadd " + joined(option.choices)
                                 : kind == "files"       ? "_files"
                                 : kind == "dirs"        ? "_files -/"
                                                         : "_message " + quoted(option.value, "");
      text += "    " + patterns + ") " + answer + "; return ;;\n";
    }
  }
  text += "    'completions completions') compadd bash zsh fish; return ;;\n  esac\n  case $verb in\n";
  for (const VerbRow& verb : table.verbs) {
    text += "    " + verb.name + ")\n      options=(\n";
    for (const OptionRow& option : verb.options)
      for (const std::string& name : option.names) text += "        " + zsh_pair(name, option.help) + "\n";
    text += "      )\n";
    if (verb.takes_app) text += "      apps=(${(f)\"$($words[1] status --names $control 2>/dev/null)\"})\n";
    text += "      ;;\n";
  }
  return text + R"(  esac
  if [[ $PREFIX == -* ]]; then _describe option options; else compadd -a apps; fi
}
if [[ $funcstack[1] == _berth ]]; then _berth "$@"; else compdef _berth berth; fi
)";
}

std::string fish_text(const CommandTable& table) {
  const auto help = [](const std::string& text) { return " -d " + quoted(text, "\\'"); };
  std::string text =
      "# Completions of berth for fish, written by `berth completions fish`.\ncomplete -c berth -f\n";
  for (const VerbRow& verb : table.verbs) {
    text += "complete -c berth -n __fish_use_subcommand -a " + verb.name + help(verb.help) + "\n";
    const std::string of_verb = "complete -c berth -n '__fish_seen_subcommand_from " + verb.name + "'";
    for (const OptionRow& option : verb.options) {
      text += of_verb;
      for (const std::string& name : option.names)
        text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      const std::string_view kind = kind_of(option);
      if (!option.choices.empty())
        text += " -x -a '" + joined(option.choices) + "'";
      else if (kind == "files")
        text += " -r -F";
      else if (kind == "dirs")
        text += " -x -a '(__fish_complete_directories)'";
      else if (!option.value.empty())
        text += " -x";
      text += help(option.help) + "\n";
    }
    if (verb.takes_app) text += of_verb + " -a '(berth status --names 2>/dev/null)' -d app\n";
  }
  std::string verbs;
  for (const VerbRow& verb : table.verbs) verbs += (verbs.empty() ? "" : " ") + verb.name;
  text += "complete -c berth -n '__fish_seen_subcommand_from help' -a '" + verbs + "'\n";
  return text + "complete -c berth -n '__fish_seen_subcommand_from completions' -a 'bash zsh fish'\n";
}

}  // namespace

std::string completions_text(const CommandTable& table, std::string_view shell) {
  if (shell == "bash") return bash_text(table);
  if (shell == "zsh") return zsh_text(table);
  return shell == "fish" ? fish_text(table) : std::string();
}

}  // namespace berth
