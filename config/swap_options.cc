#include "config/swap_options.h"

#include <charconv>
#include <utility>
#include <variant>

#include "config/command_words.h"
#include "config/duration_text.h"
#include "config/port_mode.h"

namespace berth {

void SwapVerbs::add(CLI::App& root) {
  add_one(root, "swap", "bring a new backend in and take the old one out", swap_);
  add_one(root, "restart", "the same command again, as a new generation", restart_);
  add_one(root, "attach", "a server that runs already in, the old one out", attach_);
  add_one(root, "detach", "let go of an attached server: the app's command again, or nothing", detach_);
  add_one(root, "rollback", "back to the last other command that served, where and as it ran", rollback_);
}

void SwapVerbs::add_one(CLI::App& root, const std::string& name, const std::string& description,
                        SwapVerb& verb) {
  CLI::App* app = add_client(root, name, description, verb.target);
  if (verb.kind == SwapVerb::Kind::Swap) {
    app->footer(
        "\nThe command runs in the caller's directory, "
        "with berth's environment and what --env adds.");
    add_valued_option(*app, "--to", to_, "ADDRESS", "a server that runs already, instead of a command");
  }
  if (verb.kind == SwapVerb::Kind::Attach) {
    app->footer(
        "\nADDRESS is HOST:PORT with an IP or localhost, PORT (of 127.0.0.1) or unix:/path. The server "
        "there "
        "is checked\nas `ready` says before it gets a request. berth never stops it.");
    app->add_option("ADDRESS", attach_words_)->type_name("")->expected(1, 2)->required();
  }
  if (verb.kind == SwapVerb::Kind::Detach)
    add_valued_option(*app, "--only", only_, "ADDRESS", "only if this is the server that is attached");
  if (verb.kind == SwapVerb::Kind::Rollback)
    add_valued_option(*app, "--to", back_to_, "N", "to that command of `berth history` (the last other one)");
  const bool starts = verb.kind == SwapVerb::Kind::Swap || verb.kind == SwapVerb::Kind::Restart;
  if (starts)
    add_valued_option(*app, "--env", verb.kind == SwapVerb::Kind::Swap ? swap_env_ : restart_env_, "K=V",
                      "adds to the command's environment; may be repeated");
  add_valued_option(*app, "--released-within", released_within_, "TIME",
                    "wait so long until nobody listens on the old one's port");
  app->add_option("--wait", wait_, "for the old one's release, or only for the switch (release)")
      ->check(CLI::IsMember({"release", "switch"}).description(""))
      ->type_name("release|switch");
  app->add_flag("--no-queue", no_queue_, "refuse when a swap runs, instead of taking its place or waiting");
}

std::optional<Verb> SwapVerbs::finish(const std::string& name, const std::vector<std::string>& command,
                                      Milliseconds timeout) {
  for (const auto& [known, verb] : {std::pair<std::string_view, SwapVerb*>{"swap", &swap_},
                                    {"restart", &restart_},
                                    {"attach", &attach_},
                                    {"detach", &detach_},
                                    {"rollback", &rollback_}}) {
    if (known != name) continue;
    verb->command = command;
    verb->timeout = timeout;
    if (auto faulty = read(*verb, name)) return *faulty;
    return std::move(*verb);
  }
  return std::nullopt;
}

std::optional<ShowText> SwapVerbs::read_addresses(SwapVerb& verb, const std::string& name) {
  if (name == "attach") {
    to_ = attach_words_.back();
    if (attach_words_.size() == 2) verb.target.app = attach_words_.front();
  }
  if (to_) {
    auto parsed = parse_server_address(*to_);
    if (auto* what = std::get_if<std::string>(&parsed)) return wrong_call(*what, name);
    if (!verb.command.empty())
      return wrong_call("--to names a server that runs: a command does not go with it", name);
    verb.to = std::get<Endpoint>(parsed);
  }
  if (only_) {
    auto parsed = parse_server_address(*only_);
    if (auto* what = std::get_if<std::string>(&parsed)) return wrong_call(*what, name);
    verb.only = std::get<Endpoint>(parsed);
  }
  return std::nullopt;
}

std::optional<ShowText> SwapVerbs::read(SwapVerb& verb, const std::string& name) {
  if (auto faulty = read_env_words(name == "restart" ? restart_env_ : swap_env_, verb.env, name))
    return faulty;
  if (auto faulty = read_addresses(verb, name)) return faulty;
  if (back_to_) {
    const char* end = back_to_->data() + back_to_->size();
    const auto [stop, error] = std::from_chars(back_to_->data(), end, verb.back_to);
    if (error != std::errc{} || stop != end || verb.back_to == 0)
      return wrong_call("--to '" + *back_to_ + "' is no number of the history: see `berth history`", name);
  }
  if (released_within_) {
    auto value = parse_duration(*released_within_);
    if (!value || value->count() <= 0)
      return wrong_call("--released-within '" + *released_within_ + R"(' is not a time: write "20s" or "5m")",
                        name);
    verb.released_within = *value;
  }
  verb.wait_for_release = wait_ != "switch";
  verb.queue = !no_queue_;
  return std::nullopt;
}

}  // namespace berth
