// Which of the berths that run is meant: by the path that was given, by an app's name or an address, or by
// the directory that the caller is in. Owns the search; knows the sockets' places (socket_path.h) and asks
// whoever answers there by a function that it is given.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/control/berth_processes.h"
#include "proxy/control/service.h"
#include "proxy/control/socket_path.h"

namespace berth::control {

/// A berth that answers, as a client found it.
struct Candidate {
  std::string path;
  std::string dir;   ///< its working directory
  std::string apps;  ///< for the list: "web on 127.0.0.1:8000"
  std::vector<AppStatus> served{};
};

/// What the client's search came to.
struct Found {
  std::string path;   ///< empty: none, or several
  std::string error;  ///< what to tell then; may have several lines
  int exit_code = 0;  ///< 2: several; 3: none is running there
};

/// Asks the berth at a path who it is; nullopt: nobody answers.
using AskWho = std::function<std::optional<Candidate>(const std::string& path)>;

/// --control, else $BERTH_CONTROL, else of those that lie where they do without --control the only live one
/// that has `wanted`, else the one of those whose directory contains `working_dir`. `wanted`: an app's name,
/// an address, or empty for any. Those that --control has put elsewhere are only looked at where none of the
/// others has what is wanted: who names nothing does not mean them.
Found find_control(const std::optional<std::string>& explicit_path, const std::string& working_dir,
                   const Surroundings& surroundings, const AskWho& ask, const std::string& wanted = {});

/// The choice among several live ones. Pure.
Found choose(const std::vector<Candidate>& live, const std::string& working_dir,
             const std::string& wanted = {});

/// Whether `app` is meant by `wanted`: its name, or an address that it is reached by ("127.0.0.1:8000",
/// "8000", "localhost:8000", "unix:/run/web.sock"; a listener of all addresses is reached by each).
bool is_meant(const AppStatus& app, std::string_view wanted);

/// Those of this user, wherever they lie; those of every user, if this one is root. Each once: those that lie
/// where they do without --control first.
std::vector<LiveSocket> live_sockets(const Surroundings& surroundings);

}  // namespace berth::control
