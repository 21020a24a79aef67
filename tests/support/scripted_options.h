// What the scripted backend is told to do wrong, on its command line. Knows no socket.
#pragma once

#include <cstdint>
#include <string>

namespace berth::test {

/// Every option is off by default; the server then is a well-behaved one. Times in milliseconds, 0: never.
struct ScriptedOptions {
  std::uint16_t port = 0;        ///< --port N, else $PORT
  std::string host = "0.0.0.0";  ///< --host IP (v4)
  std::string name;              ///< --name TEXT: what GET / answers; default: the pid
  bool no_reuse = false;         ///< --no-reuse: binds without SO_REUSEADDR
  bool elsewhere = false;        ///< --elsewhere: ignores the port it was given and takes another
  bool never_listen = false;     ///< --never-listen: runs and does nothing
  bool mute = false;             ///< --mute: accepts and never answers
  int ready_after_ms = 0;        ///< --ready-after MS: 503 until then
  int listen_after_ms = 0;       ///< --listen-after MS: only then binds and listens
  int status = 0;                ///< --status N: every answer has it
  int exit_code = -1;            ///< --exit CODE: ends with it at once, before it binds, after --say
  std::string say;               ///< --say TEXT: on stderr at the start
  bool listen_then_exit =
      false;              ///< --listen-then-exit: listens, answers nothing, says a traceback, ends with 3
  int exit_after_ms = 0;  ///< --exit-after MS: ends with code 5 that long after it listens
  int exit_after_requests = 0;  ///< --exit-after-requests N: ends with code 6 after the Nth answer
  bool ignore_term = false;     ///< --ignore-term
  int slow_term_ms = 0;         ///< --slow-term MS: ends that long after TERM
  std::string grandchild;  ///< --grandchild plain|setsid|double: another process listens on the port with it
  bool nonsense = false;   ///< --nonsense: answers what is not HTTP
  bool close = false;      ///< --close: Connection: close on every answer
  int idle_close_ms = 0;   ///< --idle-close MS: closes a connection idle for that long behind an answer
  std::string record;      ///< --record FILE: appends every byte received
  std::string pid_file;    ///< --pid-file FILE: appends its pid, and those of its grandchildren
  std::string announce;    ///< --announce FILE: writes its port and waits for --go FILE before it binds
  std::string go;          ///< --go FILE
  std::string reply;       ///< --reply FILE: what GET /raw answers, byte for byte
};

/// Ends the process with code 2 and a message if an option is unknown.
ScriptedOptions parse_scripted(int argc, char** argv);

}  // namespace berth::test
