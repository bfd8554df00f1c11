#ifndef WARREN_TESTS_SERVER_GATEWAY_LIBRARY_SERVICE_H_
#define WARREN_TESTS_SERVER_GATEWAY_LIBRARY_SERVICE_H_

// A gRPC server with the Library of library.proto and a gateway before it: what the tests of the gateway talk to. What
// it answers says what arrived.

#include <grpcpp/server.h>

#include <map>
#include <memory>
#include <string>

#include "proto/common/mutex.h"
#include "server/gateway/gateway.h"
#include "tests/server/gateway/library.grpc.pb.h"

namespace warren::gateway {

// By the book's name: "missing": NOT_FOUND with details; "busy": RESOURCE_EXHAUSTED, again in 2.5 s; "slow": answered
// when it is cancelled; anything else: a book of that name, with the call's metadata as its title where it is
// "metadata" and the seconds that are left as its pages where it is "deadline".
class Library : public test::Library::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetBook(grpc::CallbackServerContext* context, const test::GetBookRequest* request,
                                    test::Book* book) override;
  grpc::ServerUnaryReactor* ListBooks(grpc::CallbackServerContext* context, const test::ListBooksRequest* request,
                                      test::ListBooksResponse* response) override;
  grpc::ServerUnaryReactor* CreateBook(grpc::CallbackServerContext* context, const test::CreateBookRequest* request,
                                       test::Book* book) override;
  grpc::ServerUnaryReactor* BurnBook(grpc::CallbackServerContext* context, const test::GetBookRequest* request,
                                     test::Book* book) override;
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const test::Everything* request,
                                 test::Everything* response) override;
  // Of shelf N, N books; of "shelves/fails" one, and then ABORTED; of "shelves/none" NOT_FOUND; of "shelves/endless"
  // books of 64 KiB until it is cancelled.
  grpc::ServerWriteReactor<test::Book>* WatchBooks(grpc::CallbackServerContext* context,
                                                   const test::ListBooksRequest* request) override;

  // Begins with the start, with the values of x-forwarded-for as its language, and gives back every voice and note; a
  // voice that begins with "!" as a murmur. It ends at half-close and "over"; note "fail": ABORTED. Of a book
  // "missing": NOT_FOUND; "deaf": it takes one message after the start, and no other until it is cancelled; "endless":
  // voices of 64 KiB until it is cancelled.
  grpc::ServerBidiReactor<test::Said, test::Heard>* Talk(grpc::CallbackServerContext* context) override;

  // Blocks until so many calls were cancelled.
  void AwaitCancelled(int calls);
  int written();

 private:
  class Slow;
  class Watch;
  class Talker;
  void OnCancelled();

  Mutex mutex_;
  CondVar changed_;
  int cancelled_ ABSL_GUARDED_BY(mutex_) = 0;
  int written_ ABSL_GUARDED_BY(mutex_) = 0;
};

class LibraryServer {
 public:
  explicit LibraryServer(Gateway::Options options = {});
  ~LibraryServer();

  Library& library() { return library_; }
  Gateway& gateway() { return *gateway_; }
  int port() const;

 private:
  Library library_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Gateway> gateway_;
};

}  // namespace warren::gateway

#endif  // WARREN_TESTS_SERVER_GATEWAY_LIBRARY_SERVICE_H_
