#include "client/exec/escape.h"

namespace warren::cli {
namespace {

constexpr char kCtrlZ = '\x1a';

}  // namespace

const char kEscapeHelp[] =
    "~?\r\n"
    "  ~.   end the session; the command is hung up\r\n"
    "  ~^Z  suspend warren\r\n"
    "  ~?   this\r\n"
    "  ~~   send one ~\r\n"
    "(each at the beginning of a line only)\r\n";

Escape::Read Escape::Typed(std::string_view text) {
  Read read;
  for (const char c : text) {
    ++read.used;
    if (at_ == At::kLineStart && c == '~') {
      at_ = At::kTilde;
      continue;
    }
    if (at_ == At::kTilde) {
      at_ = At::kLineStart;
      if (c == '.') read.wish = Wish::kEnd;
      if (c == kCtrlZ) read.wish = Wish::kSuspend;
      if (c == '?') read.wish = Wish::kHelp;
      if (read.wish != Wish::kNone) return read;
      read.pass += '~';
      if (c == '~') {
        at_ = At::kLine;
        continue;
      }
    }
    read.pass += c;
    at_ = c == '\r' || c == '\n' ? At::kLineStart : At::kLine;
  }
  return read;
}

}  // namespace warren::cli
