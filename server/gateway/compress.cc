#include "server/gateway/compress.h"

#include <zlib.h>

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace warren::gateway {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib.h: 16 more is for gzip's header

}  // namespace

bool TakesGzip(std::string_view accept_encoding) {
  std::optional<bool> named, any;
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(accept_encoding.data(), accept_encoding.size()), ',')) {
    const std::pair<absl::string_view, absl::string_view> cut = absl::StrSplit(part, absl::MaxSplits(';', 1));
    const absl::string_view coding = absl::StripAsciiWhitespace(cut.first);
    absl::string_view weight = absl::StripAsciiWhitespace(cut.second);
    double q = 1;
    if (absl::ConsumePrefix(&weight, "q=") && !absl::SimpleAtod(weight, &q)) q = 0;
    if (absl::EqualsIgnoreCase(coding, "gzip") || absl::EqualsIgnoreCase(coding, "x-gzip")) named = q > 0;
    if (coding == "*") any = q > 0;
  }
  return named.value_or(any.value_or(false));
}

std::string Gzip(std::string_view text) {
  z_stream stream{};
  // Fast: on a loopback, and between machines of one site, the processor is what there is less of.
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) return "";
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END ? packed : "";
}

absl::StatusOr<std::string> Gunzip(std::string_view packed, size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return absl::ResourceExhaustedError("no memory to unpack it");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text, piece(16 << 10, '\0');
  int result = Z_OK;
  // One byte more than the limit tells that there is more.
  while (result == Z_OK && text.size() <= limit) {
    const size_t room = std::min(piece.size(), limit + 1 - text.size());
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(room);
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(piece, 0, room - stream.avail_out);
    // Several members are one text (RFC 1952 section 2.2).
    if (result == Z_STREAM_END && stream.avail_in > 0 && text.size() <= limit) result = inflateReset(&stream);
  }
  const bool all_read = stream.avail_in == 0;
  inflateEnd(&stream);
  if (text.size() > limit) {
    return absl::OutOfRangeError(absl::StrCat("is larger than ", limit, " bytes once it is unpacked"));
  }
  if (result != Z_STREAM_END || !all_read) return absl::InvalidArgumentError("is not gzip, or not all of it");
  return text;
}

}  // namespace warren::gateway
