// List: order, pages, tokens, filters, one host and all of them.

#include "tests/server/intents/queue_test.h"

namespace warren::intents {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ListTest : public QueueTest {
 protected:
  // First namespace of each intent listed, page after page.
  std::vector<std::string> ListAll(ListRequest request, int* pages = nullptr) {
    std::vector<std::string> names;
    int count = 0;
    do {
      const auto page = queue().List(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_TRUE(request.page_size == 0 || page->intents.size() <= static_cast<size_t>(request.page_size));
      for (const v1::Intent& intent : page->intents)
        names.push_back(intent.operations(0).create_namespace().namespace_());
      request.page_token = page->next_page_token;
      ++count;
    } while (!request.page_token.empty());
    if (pages != nullptr) *pages = count;
    return names;
  }
  static ListRequest Of(const std::string& host, int32_t page_size = 0, std::vector<v1::Intent::State> states = {}) {
    ListRequest request;
    request.host = host;
    request.page_size = page_size;
    request.states = std::move(states);
    return request;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, ListTest, Stores(), StoreName);

TEST_P(ListTest, IntentsComeInTheOrderAcceptedFinishedOrNot) {
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  for (const char* name : {"a", "b", "c", "d", "e"}) intents.push_back(MustAccept("h1", name));
  Finish(intents[3]);
  Finish(intents[0], v1::Intent::FAILED);
  WaitFor(intents[3]);
  WaitFor(intents[0]);
  queue().Started("h1", {intents[1].sequence()});
  EXPECT_THAT(ListAll(Of("h1")), ElementsAre("a", "b", "c", "d", "e"));
  const auto listed = queue().List(Of("h1"));
  for (size_t i = 0; i < intents.size(); ++i) {
    EXPECT_EQ(listed->intents[i].SerializeAsString(), Get(intents[i]).SerializeAsString());
  }
  Restart();
  EXPECT_THAT(ListAll(Of("h1")), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_P(ListTest, PagesAreCutWhereAskedAndTheLastSaysSo) {
  for (const char* name : {"a", "b", "c", "d", "e"}) MustAccept("h1", name);
  int pages = 0;
  EXPECT_THAT(ListAll(Of("h1", 2), &pages), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(ListAll(Of("h1", 5), &pages), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(pages, 1) << "a full last page is the last";
  EXPECT_THAT(ListAll(Of("h1", 1), &pages), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(pages, 5);
}

TEST_P(ListTest, APageHasOneHundredByDefault) {
  for (int i = 0; i < 101; ++i) MustAccept("h1", absl::StrCat("n", i));
  const auto page = queue().List(Of("h1"));
  EXPECT_EQ(page->intents.size(), 100u);
  EXPECT_FALSE(page->next_page_token.empty());
}

TEST_P(ListTest, APageHasAThousandAtMost) {
  for (int i = 0; i < 1001; ++i) Send(Request("h1", absl::StrCat("n", i)));
  Settle();
  ASSERT_EQ(queue().QueuedCount("h1"), 1001u);
  EXPECT_EQ(queue().List(Of("h1", 5000))->intents.size(), 1000u);
}

TEST_P(ListTest, APageOfLargeIntentsIsCutBeforeItIsTooLargeToSend) {
  std::vector<std::string> names(900, std::string(250, 'x'));
  for (int i = 0; i < 12; ++i) {
    AcceptRequest request = Request("h1", "");
    request.operations = CreateNamespaces(names);
    MustAccept(std::move(request));
  }
  int pages = 0;
  EXPECT_EQ(ListAll(Of("h1"), &pages).size(), 12u);
  EXPECT_EQ(pages, 2);
}

TEST_P(ListTest, EveryPageShowsWhatWasThereAtTheFirst) {
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  for (const char* name : {"a", "b", "c"}) intents.push_back(MustAccept("h1", name));
  ListRequest request = Of("h1", 2);
  const auto first = queue().List(request);
  request.page_token = first->next_page_token;
  MustAccept("h1", "d");
  Finish(intents[2]);
  WaitFor(intents[2]);
  for (const bool restarted : {false, true}) {
    SCOPED_TRACE(restarted);
    if (restarted) Restart();
    EXPECT_THAT(ListAll(request), ElementsAre("c"));
    const auto second = queue().List(request);
    EXPECT_EQ(second->revision, first->revision);
    EXPECT_EQ(second->intents[0].state(), v1::Intent::QUEUED) << "it was finished later";
    EXPECT_FALSE(second->intents[0].has_finish_time());
  }
  request.page_token.clear();
  EXPECT_THAT(ListAll(request), ElementsAre("a", "b", "c", "d"));
}

TEST_P(ListTest, AFilterByStateSeesTheStateOfThen) {
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  for (const char* name : {"a", "b", "c"}) intents.push_back(MustAccept("h1", name));
  ListRequest request = Of("h1", 1, {v1::Intent::QUEUED});
  request.page_token = queue().List(request)->next_page_token;
  Finish(intents[2]);
  WaitFor(intents[2]);
  EXPECT_THAT(ListAll(request), ElementsAre("b", "c"));
}

TEST_P(ListTest, ATokenOfACompactedRevisionIsAborted) {
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  for (const char* name : {"a", "b"}) intents.push_back(MustAccept("h1", name));
  ListRequest request = Of("h1", 1);
  request.page_token = queue().List(request)->next_page_token;
  Finish(intents[1]);
  WaitFor(intents[1]);
  ASSERT_TRUE(store_->kv().Compact(store_->kv().Revision()).ok());
  EXPECT_THAT(queue().List(request), Fails(StatusCode::kAborted, "list again from the first page"));
  EXPECT_EQ(ReasonOf(queue().List(request).status()), "PAGE_TOKEN_EXPIRED");
}

TEST_P(ListTest, TheOtherWayRoundTheNewestComesFirst) {
  for (const char* name : {"a", "b", "c", "d", "e"}) MustAccept("h1", name);
  MustAccept("h2", "f");
  ListRequest request = Of("h1", 2);
  request.order_by = "create_time desc";
  int pages = 0;
  EXPECT_THAT(ListAll(request, &pages), ElementsAre("e", "d", "c", "b", "a"));
  EXPECT_EQ(pages, 3);
  request.host = "-";
  EXPECT_THAT(ListAll(request), ElementsAre("f", "e", "d", "c", "b", "a"));
  request.page_token = queue().List(request)->next_page_token;
  request.order_by = "create_time";
  EXPECT_THAT(BadFields(queue().List(request).status()), ElementsAre("page_token")) << "of another order";
}

TEST_P(ListTest, FiltersNarrowItDown) {
  directory_.Label("h1", "rack", "a1");
  directory_.Label("h2", "rack", "b7");
  queue().HostConnected("h1", 1);
  const v1::Intent a = MustAccept("h1", "a");
  clock_.Advance(absl::Seconds(10));
  MustAccept("h2", "b");
  MustAccept("h1", "c");
  Finish(a, v1::Intent::FAILED);
  WaitFor(a);
  const auto listed = [&](const std::string& filter) {
    ListRequest request = Of("-", 1);
    request.filter = filter;
    return ListAll(request);
  };
  EXPECT_THAT(listed("state = FAILED"), ElementsAre("a"));
  EXPECT_THAT(listed("NOT state = FAILED"), ElementsAre("b", "c"));
  EXPECT_THAT(listed("labels.rack = \"b*\""), ElementsAre("b"));
  EXPECT_THAT(listed("host = h1 AND state = QUEUED"), ElementsAre("c"));
  EXPECT_THAT(listed("create_time > \"2023-11-14T22:13:25Z\""), ElementsAre("b", "c"));
  EXPECT_THAT(listed(absl::StrCat("name = ", IdOf(a))), ElementsAre("a"));
  EXPECT_THAT(listed("host = h3"), IsEmpty());
}

TEST_P(ListTest, AFilterOrOrderThatMakesNoSenseIsNamed) {
  ListRequest request = Of("h1");
  request.filter = "colour = red";
  request.order_by = "colour";
  EXPECT_THAT(BadFields(queue().List(request).status()), ElementsAre("filter", "order_by"));
}

TEST_P(ListTest, AllHostsTogetherComeInTheOrderAcceptedToo) {
  MustAccept("h2", "a");
  MustAccept("h1", "b");
  MustAccept("h1", "c");
  MustAccept("h2", "d");
  EXPECT_THAT(ListAll(Of("-")), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ListAll(Of("-", 1)), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ListAll(Of("h2")), ElementsAre("a", "d"));
  EXPECT_THAT(queue().KnownHosts(), ElementsAre("h1", "h2"));
}

TEST_P(ListTest, StatesNarrowItDown) {
  queue().HostConnected("h1", 1);
  std::vector<v1::Intent> intents;
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) intents.push_back(MustAccept("h1", name));
  Finish(intents[0]);
  Finish(intents[2], v1::Intent::FAILED);
  Finish(intents[4]);
  for (const int i : {0, 2, 4}) WaitFor(intents[i]);
  queue().Started("h1", {intents[1].sequence()});
  EXPECT_THAT(ListAll(Of("h1", 1, {v1::Intent::SUCCEEDED})), ElementsAre("a", "e"));
  EXPECT_THAT(ListAll(Of("h1", 0, {v1::Intent::FAILED, v1::Intent::SUCCEEDED})), ElementsAre("a", "c", "e"));
  EXPECT_THAT(ListAll(Of("-", 1, {v1::Intent::QUEUED})), ElementsAre("d", "f"));
  EXPECT_THAT(ListAll(Of("h1", 0, {v1::Intent::RUNNING})), ElementsAre("b"));
  EXPECT_THAT(ListAll(Of("h1", 0, {v1::Intent::EXPIRED})), IsEmpty());
}

TEST_P(ListTest, AHostWithoutIntentsHasAnEmptyList) { EXPECT_THAT(ListAll(Of("h9")), IsEmpty()); }

TEST_P(ListTest, EveryBadFieldIsNamedAtOnce) {
  ListRequest request =
      Of("-bad-", -1, {v1::Intent::QUEUED, v1::Intent::STATE_UNSPECIFIED, static_cast<v1::Intent::State>(99)});
  request.page_token = "nonsense";
  const absl::Status refused = queue().List(request).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(BadFields(refused), UnorderedElementsAre("parent", "page_size", "states[1]", "states[2]", "page_token"));
}

TEST_P(ListTest, ATokenIsOfOneListingOnly) {
  for (const char* name : {"a", "b", "c"}) MustAccept("h1", name);
  MustAccept("h2", "d");
  const std::string token = queue().List(Of("h1", 1, {v1::Intent::QUEUED, v1::Intent::RUNNING}))->next_page_token;
  ASSERT_FALSE(token.empty());
  const auto with_token = [&](ListRequest request) {
    request.page_token = token;
    return queue().List(request).status();
  };
  EXPECT_TRUE(with_token(Of("h1", 2, {v1::Intent::RUNNING, v1::Intent::QUEUED})).ok()) << "the same states";
  EXPECT_THAT(BadFields(with_token(Of("h2", 1, {v1::Intent::QUEUED, v1::Intent::RUNNING}))), ElementsAre("page_token"));
  EXPECT_THAT(BadFields(with_token(Of("-", 1, {v1::Intent::QUEUED, v1::Intent::RUNNING}))), ElementsAre("page_token"));
  EXPECT_THAT(BadFields(with_token(Of("h1", 1))), ElementsAre("page_token"));
}

}  // namespace
}  // namespace warren::intents
