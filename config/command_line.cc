#include "config/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <utility>

#include "config/command_words.h"
#include "config/duration_text.h"
#include "config/file_options.h"
#include "config/help_text.h"
#include "config/load_options.h"
#include "config/port_mode.h"
#include "config/run_options.h"
#include "config/stray_words.h"
#include "config/swap_options.h"
#include "config/version.h"

namespace berth {
namespace {

// One call's parser and the values that it fills; lives as long as the parsing.
class Parser {
 public:
  explicit Parser(CommandWords words) : words_(std::move(words)) {
    root_.formatter(help_layout(34));
    root_.require_subcommand(0, 1);
    root_.set_help_flag("-h,--help", "this text");
    root_.add_flag("-V,--version", version_, "the version and the revision it was built from");
    add_run();
    swap_verbs_.add(root_);
    for (const char* name : {"swap", "restart", "attach", "detach", "rollback"})
      add_timeout(*root_.get_subcommand(name));
    add_client(root_, "cancel", "end the running swap before its switch, the old backend serves on",
               cancel_.target);
    CLI::App* pause =
        add_client(root_, "pause", "let new requests wait; those under way go on", pause_.target);
    option(*pause, "--message", pause_.message, "TEXT", "what one is told that has waited too long");
    option(*pause, "--max", pause_max_, "TIME", "resume after this long (off)");
    add_client(root_, "resume", "let the requests of a paused app go on", resume_.target);
    CLI::App* status =
        add_client(root_, "status", "the apps at a glance; of one, everything", status_.target);
    status->add_flag("-w,--watch", status_.watch, "again every second, until Ctrl-C");
    status->add_flag("--names", status_.names, "only the apps' names, one a line");
    add_client(root_, "why", "the last swap: what was done, what happened, what to do", why_.target);
    add_client(root_, "history", "the commands that have served: what a rollback can go back to",
               history_.target);
    CLI::App* logs = add_client(root_, "logs", "what the backends wrote", logs_.target);
    logs->add_flag("-f,--follow", logs_.follow, "go on with what they write from now on");
    logs->add_flag("--raw", logs_.raw, "the lines as they were written, escape sequences included");
    option(*logs, "-n,--lines", lines_, "N", "how many of the last lines, 0 to 10000 (100)");
    add_timeout(*add_client(root_, "reload", "read the file again and apply what differs", reload_.target));
    CLI::App* stop = add_client(
        root_, "stop", "stop listening, drain, end the backends, prove their ports free", stop_.target);
    add_timeout(*stop);
    root_.add_subcommand("ls", "the berths that run, with their apps and addresses")
        ->add_flag("--json", ls_.json, "one object instead of text");
    add_port();
    file_verbs_.add(root_);
    load_options_.add(root_);
    demo_app_ = root_.add_subcommand("demo", "the embedded demo server (PORT says where)");
    demo_app_->prefix_command();
    demo_app_->set_help_flag();
    CLI::App* completions = root_.add_subcommand("completions", "a shell's completions: bash, zsh or fish");
    completions->add_option("SHELL", shell_)
        ->type_name("")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
    root_.add_subcommand("help", "a verb's options, with examples")
        ->add_flag("--man", man_, "the manual page, for man(1)");
    add_examples(root_);
    root_.formatter(help_layout(16));
    root_.footer(std::string(help_footer()));  // last: what is added before would inherit it
  }

  Verb parse() {
    if (auto wrong_verb = put_in_order(root_, words_.options)) return *wrong_verb;
    std::vector<std::string> reversed(words_.options.rbegin(), words_.options.rend());
    try {
      root_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      CLI::App* verb = chosen();
      return ShowText{(verb ? verb : &root_)->help(), 0};
    } catch (const CLI::ParseError& error) {
      return misread(error);
    }
    if (version_) {
      return ShowText{"berth " + std::string(kVersion) + " (" + std::string(kRevision) + ")\n", 0};
    }
    CLI::App* verb = chosen();
    if (verb == nullptr) return nothing_chosen();
    return finish(verb->get_name());
  }

 private:
  void add_run() {
    CLI::App* run = root_.add_subcommand("run", "serve an address with a command, or what a file says");
    add_run_options(*run, run_, run_env_);
    CLI::App* exec = root_.add_subcommand("exec", "run a command while a server is up for it");
    add_run_options(*exec, exec_.run, run_env_);
    exec->add_flag("--direct", exec_.direct, "tells the command the server's own address, not berth's");
    exec->add_flag("--verbose", exec_.verbose, "shows the log and the server's output, on stderr");
    exec->footer(
        "\nThe command gets BERTH_URL and BERTH_PORT; its exit code is berth's (125: berth failed, 126 and "
        "127: the "
        "command cannot be run).");
  }

  void add_port() {
    CLI::App* port = root_.add_subcommand("port", "is an address free, and if not, who holds it");
    port->add_option("ADDRESS", port_.address, "HOST:PORT, [IPV6]:PORT, PORT (every address) or unix:/path")
        ->required()
        ->type_name("");
    option(*port, "--wait", port_wait_, "TIME", "wait until it is free, at most this long");
    port->add_flag("--json", port_.json, "one object instead of text");
    port->footer(
        "\nexit codes: 0 free · 1 taken, or refused by the system · 2 the call was wrong · 4 the wait ran "
        "out");
  }

  void add_timeout(CLI::App& app) {
    option(app, "--timeout", timeout_, "TIME", "stop waiting after this long (off)");
  }

  template <class Value>
  void option(CLI::App& app, const std::string& names, Value& into, const std::string& type,
              const std::string& help) {
    add_valued_option(app, names, into, type, help);
  }

  CLI::App* chosen() {
    auto parsed = root_.get_subcommands();
    return parsed.empty() ? nullptr : parsed.front();
  }

  ShowText nothing_chosen() {
    if (words_.separated)
      return wrong_call("a verb is missing before `--`: did you mean `berth run -- ...`?", {});
    return {root_.help(), 2};
  }

  ShowText misread(const CLI::ParseError& error) {
    CLI::App* verb = chosen();
    std::string name = verb ? verb->get_name() : std::string();
    std::vector<std::string> left = (verb ? verb : &root_)->remaining();
    if (left.empty()) left = root_.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr || left.empty())
      return wrong_call(error.what(), name);
    return stray_words(root_, verb, left);
  }

  Verb finish(const std::string& name) {
    bool takes_command =
        name == "run" || name == "exec" || name == "swap" || name == "demo" || name == "load";
    if (words_.separated && !takes_command) return wrong_call("`" + name + "` takes no command", name);
    if (words_.separated && words_.command.empty()) return wrong_call("no command stands after `--`", name);
    if (auto faulty = read_timeout(name)) return *faulty;
    if (name == "run") {
      run_.command = words_.command;
      if (run_.wait && run_.wait->empty()) run_.wait = "30s";
      if (auto faulty = read_env_words(run_env_, run_.env, name)) return *faulty;
      return std::move(run_);
    }
    if (name == "exec") return finish_exec();
    if (auto verb = swap_verbs_.finish(name, words_.command, wait_at_most_)) return std::move(*verb);
    if (name == "help") return ShowText{written_text(root_, name, "--man"), 0};
    if (name == "completions") return ShowText{written_text(root_, name, shell_), 0};
    if (name == "cancel") return std::move(cancel_);
    if (name == "pause") return finish_pause();
    if (name == "resume") return std::move(resume_);
    if (name == "status") return std::move(status_);
    if (name == "why") return std::move(why_);
    if (name == "history") return std::move(history_);
    if (name == "logs") {
      if (auto faulty = read_lines()) return *faulty;
      return std::move(logs_);
    }
    if (name == "reload") return of_whole_berth(std::move(reload_), name);
    if (name == "stop") return of_whole_berth(std::move(stop_), name);
    if (name == "ls") return ls_;
    if (name == "port") {
      if (port_wait_ && !(port_.wait = parse_duration(*port_wait_)))
        return wrong_call("--wait '" + *port_wait_ + R"(' is not a duration: write "250ms", "30s" or "5m")",
                          name);
      return std::move(port_);
    }
    if (auto verb = file_verbs_.finish(name)) return std::move(*verb);
    if (name == "load") return load_options_.finish(words_.options, words_.command);
    DemoVerb demo{demo_app_->remaining()};
    demo.arguments.insert(demo.arguments.end(), words_.command.begin(), words_.command.end());
    return demo;
  }

  // An app's name would seem to say that only the app is meant.
  template <class OfBerth>
  static Verb of_whole_berth(OfBerth verb, const std::string& name) {
    const std::string& word = verb.target.app;
    if (word.empty() || std::holds_alternative<Endpoint>(parse_server_address(word))) return verb;
    return wrong_call("'" + word + "' is no address: " + name +
                          " is for a whole berth with all of its apps; find the one that has '" + word +
                          "' with `berth ls`, and name it by an address or its socket, as in `berth " + name +
                          " 127.0.0.1:8000` or `berth " + name + " --control PATH`",
                      name);
  }

  Verb finish_pause() {
    if (!pause_max_) return std::move(pause_);
    const auto value = parse_duration(*pause_max_);
    if (!value || value->count() <= 0)
      return wrong_call("--max '" + *pause_max_ + R"(' is not a time: write "30s" or "5m")", "pause");
    pause_.max = *value;
    return std::move(pause_);
  }

  Verb finish_exec() {
    const auto cut = std::find(words_.command.begin(), words_.command.end(), ":::");
    if (cut == words_.command.end() || cut == words_.command.begin() || cut + 1 == words_.command.end())
      return wrong_call("exec needs a server and a command: berth exec -- SERVER ARG... ::: COMMAND ARG...",
                        "exec");
    exec_.run.command.assign(words_.command.begin(), cut);
    exec_.command.assign(cut + 1, words_.command.end());
    if (exec_.run.listen.empty()) exec_.run.listen = {"127.0.0.1:0"};
    if (auto faulty = read_env_words(run_env_, exec_.run.env, "exec")) return *faulty;
    return std::move(exec_);
  }

  std::optional<ShowText> read_timeout(const std::string& name) {
    if (timeout_.empty()) return std::nullopt;
    auto value = parse_duration(timeout_);
    if (!value)
      return wrong_call("--timeout '" + timeout_ + R"(' is not a duration: write "250ms", "30s" or "5m")",
                        name);
    wait_at_most_ = reload_.timeout = stop_.timeout = *value;
    return std::nullopt;
  }

  std::optional<ShowText> read_lines() {
    constexpr unsigned kMost = 10'000;  // what the API gives at once
    if (!lines_) return std::nullopt;
    const char* end = lines_->data() + lines_->size();
    auto [stop, error] = std::from_chars(lines_->data(), end, logs_.lines);
    if (error == std::errc{} && stop == end && logs_.lines <= kMost) return std::nullopt;
    return wrong_call("--lines '" + *lines_ + "' is not a whole number from 0 to " + std::to_string(kMost),
                      "logs");
  }

  CommandWords words_;
  CLI::App root_{"berth: keeps one address open while the servers behind it come and go", "berth"};
  CLI::App* demo_app_ = nullptr;
  bool version_ = false;
  bool man_ = false;
  std::string shell_;
  std::string timeout_;
  Milliseconds wait_at_most_ = kOff;
  std::optional<std::string> lines_;
  std::vector<std::string> run_env_;
  RunVerb run_;
  ExecVerb exec_;
  SwapVerbs swap_verbs_;
  CancelVerb cancel_;
  PauseVerb pause_;
  ResumeVerb resume_;
  std::optional<std::string> pause_max_;
  StatusVerb status_;
  WhyVerb why_;
  HistoryVerb history_;
  LogsVerb logs_;
  ReloadVerb reload_;
  StopVerb stop_;
  LsVerb ls_;
  PortVerb port_;
  FileVerbs file_verbs_;
  LoadOptions load_options_;
  std::optional<std::string> port_wait_;
};

}  // namespace

Verb parse_command_line(const std::vector<std::string>& arguments) {
  return Parser(cut_command(arguments)).parse();
}

}  // namespace berth
