// How often a starting server is asked whether it is ready, how long each question may take, and how many
// good answers are enough. A value that decides from the moments it is told: no clock, no timer, no I/O.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace berth::backend {

class AskPace {
 public:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;

  /// What a question costs: a command is run again less often.
  enum class Question : std::uint8_t { Request, Command };

  AskPace(Question question, std::uint32_t successes, Clock::time_point now)
      : question_(question), wanted_(successes), began_(now), asked_(now) {}

  Milliseconds elapsed(Clock::time_point now) const {
    return std::chrono::duration_cast<Milliseconds>(now - began_);
  }

  /// Until the next look: berth's polling adds at most a twentieth to the server's own start.
  Milliseconds pause(Clock::time_point now) const {
    return std::clamp(elapsed(now) / 20, kFirstPause, kLongestPause);
  }

  /// A question begins: how long it may take.
  Milliseconds ask(Clock::time_point now) {
    asked_ = now;
    return timeout_;
  }

  /// A whole answer that is not the wanted one: the pause until the next question. Each costs the server a
  /// request, and often its user a screen of traceback, so it is asked less and less often.
  Milliseconds refused() {
    passes_ = 0;
    const auto pause = refusal_pause_;
    refusal_pause_ = std::min(refusal_pause_ * 2, kLongestRefusalPause);
    return pause;
  }

  /// No good answer: the pause until the next question.
  Milliseconds failed(Clock::time_point now) {
    passes_ = 0;
    refusal_pause_ = kLongestPause;
    const auto took = std::chrono::duration_cast<Milliseconds>(now - asked_);
    // A server that takes long for its first answer (it compiles, say) is given more with every turn.
    if (took >= timeout_) timeout_ = std::min(timeout_ * 2, kLongestTimeout);
    // A command costs more than a request: it runs for half of the time at most.
    return question_ == Question::Command ? std::clamp(took, kFirstPause, kLongestCommandPause) : pause(now);
  }

  /// A good answer: the pause until the next question, or nullopt if it was enough.
  std::optional<Milliseconds> passed() {
    refusal_pause_ = kLongestPause;
    return ++passes_ < wanted_ ? std::optional(kBetweenSuccesses) : std::nullopt;
  }

  /// Another one is asked from now on.
  void begin_anew() {
    passes_ = 0;
    refusal_pause_ = kLongestPause;
  }

  /// "GET / 200, 2 in a row, of 3": an answer, and where it stands.
  std::string standing(const std::string& answer) const {
    std::string text = answer;
    if (passes_ > 1) text += ", " + std::to_string(passes_) + " in a row";
    if (passes_ < wanted_) text += ", of " + std::to_string(wanted_);
    return text;
  }

 private:
  static constexpr Milliseconds kFirstPause{2};
  static constexpr Milliseconds kLongestPause{100};
  static constexpr Milliseconds kLongestCommandPause{1'000};
  static constexpr Milliseconds kLongestRefusalPause{1'000};
  // Successes at one and the same moment would say no more than one.
  static constexpr Milliseconds kBetweenSuccesses{100};
  static constexpr Milliseconds kFirstTimeout{5'000};
  static constexpr Milliseconds kLongestTimeout{60'000};

  Question question_;
  std::uint32_t wanted_;
  std::uint32_t passes_ = 0;  ///< in a row
  Milliseconds refusal_pause_ = kLongestPause;
  Milliseconds timeout_ = kFirstTimeout;
  Clock::time_point began_;
  Clock::time_point asked_;
};

}  // namespace berth::backend
