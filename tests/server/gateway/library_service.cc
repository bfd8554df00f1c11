#include "tests/server/gateway/library_service.h"

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace warren::gateway {
namespace {

grpc::Status WithDetail(grpc::StatusCode code, const std::string& message, const google::protobuf::Message& detail) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  status.add_details()->PackFrom(detail);
  return {code, message, status.SerializeAsString()};
}

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context, const grpc::Status& status = grpc::Status::OK) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

class Library::Slow : public grpc::ServerUnaryReactor {
 public:
  explicit Slow(Library& library) : library_(library) {}
  void OnCancel() override {
    library_.OnCancelled();
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  Library& library_;
};

class Library::Watch : public grpc::ServerWriteReactor<test::Book> {
 public:
  Watch(Library& library, std::string shelf) : library_(library), shelf_(std::move(shelf)) {
    if (shelf_ == "shelves/none") {
      Finish({grpc::StatusCode::NOT_FOUND, "no such shelf"});
      return;
    }
    endless_ = shelf_ == "shelves/endless";
    if (shelf_ == "shelves/fails") {
      left_ = 1;
    } else if (!endless_) {
      (void)absl::SimpleAtoi(shelf_.substr(8), &left_);
    }
    Next();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return End(grpc::Status::CANCELLED);
    {
      MutexLock lock(&library_.mutex_);
      ++library_.written_;
    }
    Next();
  }
  void OnCancel() override { library_.OnCancelled(); }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (endless_) {
      book_.set_title(std::string(64 << 10, 'x'));
    } else if (left_-- == 0) {
      return End(shelf_ == "shelves/fails" ? grpc::Status(grpc::StatusCode::ABORTED, "the shelf fell")
                                           : grpc::Status::OK);
    } else {
      book_.set_name(absl::StrCat(shelf_, "/books/", left_));
    }
    StartWrite(&book_);
  }
  void End(const grpc::Status& status) { Finish(status); }

  Library& library_;
  const std::string shelf_;
  int left_ = 0;
  bool endless_ = false;
  test::Book book_;
};

class Library::Talker : public grpc::ServerBidiReactor<test::Said, test::Heard> {
 public:
  Talker(Library& library, std::string peers) : library_(library), peers_(std::move(peers)) { StartRead(&said_); }

  void OnReadDone(bool ok) override {
    if (!ok || said_.has_over()) return Finish(grpc::Status::OK);
    heard_.Clear();
    if (said_.has_start()) {
      const std::string name = said_.start().name();
      id_ = name.substr(name.rfind('/') + 1);
      if (id_ == "missing") {
        google::rpc::ResourceInfo info;
        info.set_resource_name(name);
        return Finish(WithDetail(grpc::StatusCode::NOT_FOUND, "no such book", info));
      }
      *heard_.mutable_started() = said_.start();
      heard_.mutable_started()->set_language(absl::StrCat(said_.start().language(), peers_));
    } else if (id_ == "deaf") {
      return;  // until it is cancelled
    } else if (said_.note() == "fail") {
      return Finish({grpc::StatusCode::ABORTED, "the book fell"});
    } else if (said_.has_note()) {
      heard_.set_note(said_.note());
    } else {
      said_.voice().starts_with("!") ? heard_.set_murmur(said_.voice()) : heard_.set_voice(said_.voice());
    }
    StartWrite(&heard_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    if (id_ != "endless") return StartRead(&said_);
    {
      MutexLock lock(&library_.mutex_);
      ++library_.written_;
    }
    heard_.set_voice(std::string(64 << 10, 'x'));
    StartWrite(&heard_);
  }
  void OnCancel() override {
    library_.OnCancelled();
    if (id_ == "deaf") Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  Library& library_;
  const std::string peers_;
  std::string id_;
  test::Said said_;
  test::Heard heard_;
};

grpc::ServerBidiReactor<test::Said, test::Heard>* Library::Talk(grpc::CallbackServerContext* context) {
  std::string peers;
  for (const auto& [key, value] : context->client_metadata()) {
    if (key == "x-forwarded-for") absl::StrAppend(&peers, "[", absl::string_view(value.data(), value.size()), "]");
  }
  return new Talker(*this, std::move(peers));
}

void Library::OnCancelled() {
  MutexLock lock(&mutex_);
  ++cancelled_;
  changed_.SignalAll();
}

void Library::AwaitCancelled(int calls) {
  MutexLock lock(&mutex_);
  while (cancelled_ < calls) changed_.Wait(&mutex_);
}

int Library::written() {
  MutexLock lock(&mutex_);
  return written_;
}

grpc::ServerUnaryReactor* Library::GetBook(grpc::CallbackServerContext* context, const test::GetBookRequest* request,
                                           test::Book* book) {
  const std::string id = request->name().substr(request->name().rfind('/') + 1);
  if (id == "missing") {
    google::rpc::ResourceInfo info;
    info.set_resource_name(request->name());
    return Finish(context, WithDetail(grpc::StatusCode::NOT_FOUND, "no such book", info));
  }
  if (id == "busy") {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(2);
    retry.mutable_retry_delay()->set_nanos(500'000'000);
    return Finish(context, WithDetail(grpc::StatusCode::RESOURCE_EXHAUSTED, "all are reading", retry));
  }
  if (id == "down") return Finish(context, {grpc::StatusCode::UNAVAILABLE, "no lights"});
  if (id == "slow") return new Slow(*this);
  book->set_name(request->name().empty() ? request->isbn() : request->name());
  if (id == "long") book->set_title(std::string(100'000, 'x'));
  if (id.starts_with("metadata")) {
    context->AddInitialMetadata("first", "1");
    context->AddInitialMetadata("first-bin", "1");
    context->AddTrailingMetadata("last", "2");
  }
  if (id == "metadata_failed") return Finish(context, {grpc::StatusCode::ABORTED, "it fell"});
  if (id == "metadata") {
    std::string title;
    for (const auto& [key, value] : context->client_metadata()) {
      absl::StrAppend(&title, absl::string_view(key.data(), key.size()), "=",
                      absl::string_view(value.data(), value.size()), "\n");
    }
    book->set_title(title);
  }
  if (id == "deadline") {
    book->set_pages(
        std::chrono::duration_cast<std::chrono::seconds>(context->deadline() - std::chrono::system_clock::now())
            .count());
  }
  return Finish(context);
}

grpc::ServerUnaryReactor* Library::ListBooks(grpc::CallbackServerContext* context,
                                             const test::ListBooksRequest* request, test::ListBooksResponse* response) {
  for (int i = 0; i < request->page_size(); ++i) {
    response->add_books()->set_name(absl::StrCat(request->parent(), "/books/", i));
    response->add_titles(absl::StrCat("title ", i));
  }
  return Finish(context);
}

grpc::ServerUnaryReactor* Library::CreateBook(grpc::CallbackServerContext* context,
                                              const test::CreateBookRequest* request, test::Book* book) {
  *book = request->book();
  book->set_name(absl::StrCat(request->parent(), "/books/", request->book_id(), request->request_id()));
  return Finish(context);
}

grpc::ServerUnaryReactor* Library::BurnBook(grpc::CallbackServerContext* context, const test::GetBookRequest* request,
                                            test::Book* book) {
  book->set_name(request->name());
  book->set_title("ashes");
  return Finish(context);
}

grpc::ServerUnaryReactor* Library::Echo(grpc::CallbackServerContext* context, const test::Everything* request,
                                        test::Everything* response) {
  *response = *request;
  return Finish(context);
}

grpc::ServerWriteReactor<test::Book>* Library::WatchBooks(grpc::CallbackServerContext*,
                                                          const test::ListBooksRequest* request) {
  return new Watch(*this, request->parent());
}

LibraryServer::LibraryServer(Gateway::Options options) {
  grpc::ServerBuilder builder;
  builder.RegisterService(&library_);
  server_ = builder.BuildAndStart();
  options.services = {test::Book::descriptor()->file()->FindServiceByName("Library")};
  options.channel = server_->InProcessChannel(grpc::ChannelArguments());
  auto gateway = Gateway::Start(std::move(options));
  if (!gateway.ok()) abort();
  gateway_ = *std::move(gateway);
}

LibraryServer::~LibraryServer() {
  gateway_->Stop();
  server_->Shutdown();
  server_->Wait();
}

int LibraryServer::port() const {
  int port = 0;
  const std::string& address = gateway_->address();
  (void)absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port);
  return port;
}

}  // namespace warren::gateway
