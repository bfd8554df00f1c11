#include "server/gateway/frames.h"

#include <gmock/gmock.h>

#include "proto/common/utf8.h"
#include "server/gateway/websocket.h"
#include "tests/server/gateway/library.pb.h"

namespace warren::gateway {
namespace {

using ::testing::HasSubstr;

std::string Framed(const google::protobuf::Message& message) {
  std::string wire = message.SerializeAsString();
  return ToFrame(*message.GetDescriptor(), wire) ? wire : "";
}

TEST(FramesTest, AFieldOfBytesIsItsNumberAndItsContent) {
  test::Said said;
  ASSERT_TRUE(FromFrame(std::string("\x01\x00\xff", 3), said).ok());
  EXPECT_EQ(said.voice(), std::string("\x00\xff", 2));
  said.Clear();
  ASSERT_TRUE(FromFrame("\x05xyz", said).ok());
  EXPECT_EQ(said.beside(), "xyz");
  said.Clear();
  ASSERT_TRUE(FromFrame("\x01", said).ok());
  EXPECT_TRUE(said.has_voice());
  EXPECT_EQ(said.voice(), "");
}

TEST(FramesTest, OtherFieldsDoNotComeInBinary) {
  test::Said said;
  for (const std::string& frame : {std::string(), std::string(1, '\0'), std::string("\x02x"), std::string("\x03x"),
                                   std::string("\x06x"), std::string("\x07x"), std::string("\xffx")}) {
    const auto status = FromFrame(frame, said);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("binary frame"));
    EXPECT_EQ(said.ByteSizeLong(), 0u);
  }
}

TEST(FramesTest, AMessageOfOneFieldOfBytesGoesSo) {
  test::Heard heard;
  heard.set_murmur("abc");
  EXPECT_EQ(Framed(heard),
            "\x02"
            "abc");
  heard.set_voice(std::string(100'000, 'x'));
  EXPECT_EQ(Framed(heard), "\x01" + std::string(100'000, 'x'));
  heard.set_voice("");
  EXPECT_EQ(Framed(heard), "\x01");
}

TEST(FramesTest, OthersDoNot) {
  test::Heard heard;
  EXPECT_EQ(Framed(heard), "");
  heard.set_note("abc");
  EXPECT_EQ(Framed(heard), "");
  test::Said said;
  said.set_voice("a");
  said.set_beside("b");
  EXPECT_EQ(Framed(said), "");
  said.Clear();
  said.add_many("a");
  EXPECT_EQ(Framed(said), "");
  test::Everything everything;
  everything.set_an_int32(1);
  EXPECT_EQ(Framed(everything), "");
}

TEST(FramesTest, ACloseFrameHasTheCodeAndWhatFitsOfTheReason) {
  EXPECT_EQ(CloseCodeOf(0), 1000);
  EXPECT_EQ(CloseCodeOf(5), 4005);
  EXPECT_EQ(CloseCodeOf(16), 4016);
  EXPECT_EQ(CloseReasonOf("short"), "short");
  std::string many = "x";
  for (int i = 0; i < 100; ++i) many += "\xe2\x82\xac";
  const std::string cut = CloseReasonOf(many);
  EXPECT_EQ(cut.size(), 121u);
  EXPECT_TRUE(IsUtf8(cut));
  EXPECT_EQ(CloseReasonOf("\xff\xff\xff\xff\xff\xff"), "");
}

}  // namespace
}  // namespace warren::gateway
