#ifndef WARREN_CLIENT_OUTPUT_INK_H_
#define WARREN_CLIENT_OUTPUT_INK_H_

// Colour for words of state, and text that may be coloured measured and cut. Pure; thread-safe. Widths count code
// points; escape sequences have none.

#include <cstddef>
#include <string>
#include <string_view>

#include "warren/v1/intents.pb.h"

namespace warren::cli {

enum class Ink { kPlain, kGood, kBad, kWarn, kBusy };

// The text in that colour, or as it is when colour is off.
std::string Painted(const std::string& text, Ink ink, bool color);
Ink StateInk(v1::Intent::State state);

// Text that others chose, on one line and with nothing in it that is not seen or rearranges what is: control
// characters, and those that have no width of their own or turn the direction of writing, become "\u202e". Letters that
// are made of several characters (a combining accent) stay as they are.
std::string Visible(std::string_view text);

size_t Width(std::string_view text);
// At most that wide, ending with "…" where something was cut off, and never in colour beyond its end.
std::string Cut(std::string_view text, size_t width);

}  // namespace warren::cli

#endif  // WARREN_CLIENT_OUTPUT_INK_H_
