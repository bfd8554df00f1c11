#include "server/intents/intent_feed.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"
#include "proto/common/names.h"
#include "proto/common/refusals.h"
#include "proto/common/status_payload.h"
#include "server/intents/intent_subject.h"
#include "server/intents/stored.h"
#include "server/intents/timestamp.h"

namespace warren::intents {
namespace {

std::string Encode(v1::IntentEvent::Type type, v1::Intent&& intent, int64_t revision) {
  v1::IntentEvent event;
  event.set_type(type);
  event.set_revision(revision);
  *event.mutable_intent() = std::move(intent);
  return event.SerializeAsString();
}

// Field `intent` of an event: a stored intent followed by the fields that its row leaves out, without parsing it.
void AppendIntent(std::string_view stored, std::string_view rest, std::string& event) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::StringOutputStream stream(&event);
  google::protobuf::io::CodedOutputStream out(&stream);
  out.WriteTag(WireFormatLite::MakeTag(v1::IntentEvent::kIntentFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  out.WriteVarint32(static_cast<uint32_t>(stored.size() + rest.size()));
  out.WriteRaw(stored.data(), static_cast<int>(stored.size()));
  out.WriteRaw(rest.data(), static_cast<int>(rest.size()));
}

// What an intent in one state is to a filter, and what it was before.
struct Subjects {
  Subjects(IntentFacts intent, v1::Intent::State state)
      : facts(std::move(intent)),
        now(facts, state),
        queued(facts, v1::Intent::QUEUED),
        running(facts, v1::Intent::RUNNING) {}
  const IntentFacts facts;
  const IntentSubject now, queued, running;
};

void SetSubjects(IntentFacts facts, v1::Intent::State state, feed::Event& event) {
  event.subject_bytes = sizeof(Subjects) + facts.host.size() + facts.id.size();
  const auto subjects = std::make_shared<const Subjects>(std::move(facts), state);
  event.now = {subjects, &subjects->now};
  if (state == v1::Intent::QUEUED) return;
  event.before = {subjects, &subjects->queued};
  if (state != v1::Intent::RUNNING) event.or_before = {subjects, &subjects->running};
}

v1::Intent Named(std::string_view host, std::string_view id) {
  v1::Intent intent;
  intent.set_name(IntentName(host, id));
  return intent;
}

// What a restarted server reads again for watches that go on: more than what is told in some minutes, and read in less
// than a second.
constexpr int64_t kReplayedRevisions = 50'000;

int64_t FirstRevision(const store::KvStats& stats) {
  return std::max(stats.compacted_revision, stats.revision - kReplayedRevisions);
}

}  // namespace

IntentFeed::IntentFeed(store::Kv& kv, const HostDirectory& directory, const feed::Options& options, Logger logger)
    : kv_(kv),
      directory_(directory),
      logger_(std::move(logger)),
      begin_(FirstRevision(kv.Stats())),
      feed_(options, begin_) {}

IntentFeed::~IntentFeed() { Stop(); }

void IntentFeed::Replay(const store::Event& change) {
  if (change.kv.mod_revision <= begin_) return;
  if (change.kv.mod_revision != replaying_revision_) AppendReplayed();
  replaying_revision_ = change.kv.mod_revision;
  if (feed::EventPtr event = MakeEvent(change)) replaying_.push_back(std::move(event));
}

void IntentFeed::AppendReplayed() {
  if (!replaying_.empty()) feed_.Append(replaying_revision_, std::exchange(replaying_, {}));
}

absl::Status IntentFeed::Start(int64_t replayed, Post post) {
  AppendReplayed();
  feed_.Advance(replayed);
  post_ = std::move(post);
  auto watch = kv_.Watch(kIntentPrefix, replayed + 1, [this](absl::StatusOr<store::WatchEvents> told) {
    if (!told.ok()) {
      logger_.Error("watch of the store broke off", {{"error", ToText(told.status())}});
      feed_.Close(told.status());
      return;
    }
    (void)post_([this, told = *std::move(told)] { Told(told); });
  });
  if (!watch.ok()) return watch.status();
  watch_ = *std::move(watch);
  return absl::OkStatus();
}

void IntentFeed::Stop() {
  feed_.Close(StoppingError());
  watch_.reset();
}

void IntentFeed::Told(const store::WatchEvents& told) {
  std::vector<feed::EventPtr> same;
  int64_t revision = 0;
  for (const auto& change : told.events) {
    if (change->kv.mod_revision != revision && !same.empty()) {
      feed_.Append(revision, std::exchange(same, {}));
    }
    revision = change->kv.mod_revision;
    if (feed::EventPtr event = MakeEvent(*change)) same.push_back(std::move(event));
  }
  if (!same.empty()) feed_.Append(revision, std::move(same));
  feed_.Advance(told.revision);
}

feed::EventPtr IntentFeed::MakeEvent(const store::Event& change) const {
  const auto key = ParseIntentKey(change.kv.key);
  if (!key) return nullptr;
  auto event = std::make_shared<feed::Event>();
  event->revision = change.kv.mod_revision;
  event->host = std::string(key->host);
  if (change.type == store::Event::Type::kDelete) {
    event->deleted = Encode(v1::IntentEvent::DELETED, Named(key->host, key->id), event->revision);
    return event;
  }
  const auto head = PeekIntent(change.kv.value);
  if (!head) return nullptr;
  // One that was just accepted was shown to nobody before.
  if (head->state != v1::Intent::QUEUED) {
    event->deleted = Encode(v1::IntentEvent::DELETED, Named(key->host, key->id), event->revision);
  }
  const int64_t sequence = SequenceOf(change.kv.create_revision, head->position);
  SetSubjects({event->host, std::string(key->id), head->create_time, sequence, directory_.LabelsOf(event->host)},
              head->state, *event);
  v1::Intent rest = Named(key->host, key->id);
  rest.set_sequence(sequence);
  v1::IntentEvent frame;
  frame.set_type(v1::IntentEvent::CHANGED);
  frame.set_revision(event->revision);
  event->changed = frame.SerializeAsString();
  AppendIntent(change.kv.value, rest.SerializeAsString(), event->changed);
  return event;
}

void IntentFeed::Running(const std::string& host, const v1::Intent& intent) {
  auto event = std::make_shared<feed::Event>();
  event->host = host;
  const auto name = ParseIntent(intent.name());
  SetSubjects({host, name->id, FromTimestamp(intent.create_time()), intent.sequence(), directory_.LabelsOf(host)},
              v1::Intent::RUNNING, *event);
  event->changed = Encode(v1::IntentEvent::CHANGED, v1::Intent(intent), 0);
  event->deleted = Encode(v1::IntentEvent::DELETED, Named(host, name->id), 0);
  feed_.Append(0, {std::move(event)});
}

}  // namespace warren::intents
