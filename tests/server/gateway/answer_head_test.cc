#include "server/gateway/answer_head.h"

#include <gtest/gtest.h>

namespace warren::gateway {
namespace {

TEST(AnswerHeadTest, TellsTheLengthUnlessThereIsNoContent) {
  EXPECT_EQ(AnswerHead(200, {{"A", "b"}, {"C", "d"}}, {11, true, 0}),
            "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(AnswerHead(204, {}, {11, true, 0}), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(AnswerHeadTest, SaysWhatHappensToTheConnectionWhereThatIsNotTheRule) {
  EXPECT_EQ(AnswerHead(404, {}, {11, false, 3}),
            "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(AnswerHead(200, {}, {10, true, 3}),
            "HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n");
}

TEST(AnswerHeadTest, AStreamHasChunksWhereThereAreSuch) {
  EXPECT_EQ(AnswerHead(200, {}, {11, true, std::nullopt}), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(AnswerHead(200, {}, {10, false, std::nullopt}), "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace warren::gateway
