#ifndef WARREN_CLIENT_EXEC_ESCAPE_H_
#define WARREN_CLIENT_EXEC_ESCAPE_H_

// The way out of a session that no longer answers, as ssh(1) has it: at the beginning of a line "~" and a key are for
// the client. One thread.
//
//   ~.   end the session        ~^Z  suspend the client
//   ~?   say which there are    ~~   one "~" for the command

#include <string>
#include <string_view>

namespace warren::cli {

class Escape {
 public:
  enum class Wish { kNone, kEnd, kSuspend, kHelp };
  struct Read {
    std::string pass;         // for the command
    Wish wish = Wish::kNone;  // after that
    size_t used = 0;          // how much of what was typed this accounts for; the rest is read again
  };

  // Reads what was typed, up to the first wish.
  Read Typed(std::string_view text);

 private:
  enum class At { kLineStart, kTilde, kLine };
  At at_ = At::kLineStart;
};

// What `~?` says, a line each, each ended by CR and LF.
extern const char kEscapeHelp[];

}  // namespace warren::cli

#endif  // WARREN_CLIENT_EXEC_ESCAPE_H_
