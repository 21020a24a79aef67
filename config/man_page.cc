// berth(1): the verbs and options as the parser has them, and what belongs to all of them.
#include <algorithm>

#include "config/command_table.h"

namespace berth {
namespace {

/// Text that roff shows as it is.
std::string plain(std::string_view text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '\'':
        out += "\\(aq";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string literal(std::string_view text) {
  std::string out = ".nf\n";
  out += plain(text);
  if (!out.ends_with('\n')) out += '\n';
  return out + ".fi\n";
}

std::string item(const std::string& what, const std::string& text) {
  return ".TP\n.B " + plain(what) + "\n" + plain(text) + "\n";
}

std::string option_text(const OptionRow& option) {
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + name;
  return item(names + (option.value.empty() ? "" : " " + option.value), option.help);
}

std::string verb_text(const VerbRow& verb) {
  std::string text =
      ".SS " + plain(verb.name) + "\n" + literal(verb.usage) + ".PP\n" + plain(verb.help) + ".\n";
  for (const OptionRow& option : verb.options) text += option_text(option);
  if (!verb.more.empty()) text += ".PP\n" + plain(verb.more.substr(verb.more.find_first_not_of('\n'))) + "\n";
  const std::string_view examples = examples_of(verb.name);
  if (!examples.empty()) text += ".PP\nFor example:\n.RS 4\n" + literal(examples) + ".RE\n";
  return text;
}

constexpr std::string_view kRest = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
Failed; the old backend serves.
.TP
.B 2
The call was wrong.
.TP
.B 3
No berth is running there, or it ended before its answer did.
.TP
.B 4
Only the caller's own wait ran out; what was asked for goes on.
.TP
.B 5
Switched, but the release of the old backend's port is not proven.
.TP
.B 125 to 127
Of exec, whose status is else the command's: berth failed; the command cannot be run; there is no such command.
.SH ENVIRONMENT
.TP
.B BERTH_CONTROL
For clients, the control socket of the berth that is meant. Set for the command of exec, and for backends that run as
the user of berth itself.
.TP
.B BERTH_URL, BERTH_PORT, BERTH_SOCKET
Set by exec for its command: where the server is reached.
.TP
.B PORT, HOST
Set for a backend: where it is to listen.
.TP
.B LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES
Sockets handed over: to berth with \-l systemd, to a backend with \-\-port fd.
.TP
.B NOTIFY_SOCKET
Set for a backend whose readiness check is notify.
.TP
.B NO_COLOR
No colours, whatever the terminal can show.
.TP
.B TERM
Not set, or dumb: no colours either, and nothing is drawn over.
.SH FILES
.TP
.I ./berth.toml
What berth run serves when neither a command nor another file is named.
.TP
.I $XDG_RUNTIME_DIR/berth/ADDRESS.sock
The control socket, when \-\-control does not say another; /tmp/berth\-UID/berth without XDG_RUNTIME_DIR.
.SH SEE ALSO
The README and docs/api.md, which has every call of the control API.
)";

}  // namespace

std::string man_page_text(const CommandTable& table) {
  std::string text =
      ".\\\" Written by `berth help --man`.\n.TH BERTH 1 \"\" \"berth " + plain(table.version) +
      "\" \"User Commands\"\n.SH NAME\nberth \\- one address that stays open while the servers "
      "behind it come and go\n.SH SYNOPSIS\n";
  std::string usages;
  for (const VerbRow& verb : table.verbs) usages += verb.usage + (verb.usage.ends_with('\n') ? "" : "\n");
  text += literal(usages);
  text +=
      ".SH DESCRIPTION\n"
      "berth is started once in front of a web server. After an edit, berth swap starts the new server "
      "beside "
      "the old\none, waits until it answers, moves the traffic over between two requests, lets the old one "
      "finish what it has,\nends it, and proves that its port is free.\n.SH VERBS\n";
  for (const VerbRow& verb : table.verbs) text += verb_text(verb);
  return text + std::string(kRest);
}

}  // namespace berth
