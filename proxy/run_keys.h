// What the keys of `berth run` do: s swaps, w tells why, l clears the screen, q quits. Asks as the API does,
// and shows what the command line would. Control loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/control/service.h"
#include "proxy/terminal_keys.h"

namespace berth {

class RunKeys {
 public:
  struct Surroundings {
    control::Service& service;
    std::function<void(std::string_view)> show;  ///< to the terminal, between the log's lines
    std::function<void()> quit;                  ///< as a signal does: the second time hurries
  };

  RunKeys(boost::asio::io_context& control, Surroundings around);

  /// On a terminal, in its foreground: reads the keys from now on, and says which there are.
  void start();

  /// A key was typed.
  void press(char key);

 private:
  void tell(const std::string& text) const;
  void ask_which();
  void swap(const std::string& app);
  void why();

  Surroundings around_;
  TerminalKeys keys_;
  std::vector<std::string> choice_;                       ///< of a swap, when it was asked which
  std::map<std::string, std::shared_ptr<void>> watched_;  ///< by app
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace berth
