// What is said of a word of the command line that the parser cannot place: what was probably meant, and what
// to type. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth {

/// No verb is called that. `words`: all that was typed, from that word on.
std::string unknown_verb_text(const std::vector<std::string>& words, const std::vector<std::string>& verbs);

/// `verb` takes no such word.
std::string extra_word_text(const std::string& word, std::string_view verb);

/// The verb stands where the value of the option in `word` should. `type`: "PATH".
std::string missing_value_text(const std::string& word, const std::string& type, const std::string& verb);

/// The options in `words` have no verb. `example`: one that they could be of.
std::string missing_verb_text(const std::vector<std::string>& words, const std::string& example);

/// `verb` ("": berth itself) has no such option.
std::string unknown_option_text(const std::string& word, std::string_view verb,
                                const std::vector<std::string>& options);

}  // namespace berth
