// Whatever an operation may hold can be written in a file, and what is printed can be read again.

#include <gtest/gtest.h>

#include "client/output/format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/client/intent_file/parsed.h"

namespace warren::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Text that YAML would like to take for something else.
constexpr const char* kAwkward[] = {"on",  "0x10", "02:00:00:00:00:01", "null",        "a: b # c", "\"quoted\"", "~",
                                    "- x", "{x}",  "\xf0\x9f\x98\x80",  "back\\slash", " space ",  "*",          "12",
                                    "=41", "@host"};

// Sets every field of a message to something that is not its default; next counts, so that no two are alike.
void FillAll(Message* message, int& next) {
  const auto* r = message->GetReflection();
  const auto* type = message->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const std::string text = kAwkward[next++ % std::size(kAwkward)];
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        if (field->is_repeated()) {
          r->AddString(message, field, text);
          r->AddString(message, field, "");
        } else {
          r->SetString(message, field, text);
        }
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        r->SetBool(message, field, true);
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        r->SetUInt32(message, field, 4294967295u - next);
        break;
      case FieldDescriptor::CPPTYPE_INT64:  // google.protobuf.Duration's
        r->SetInt64(message, field, 3600);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        r->SetInt32(message, field, 500000000);
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        FillAll(r->MutableMessage(message, field), next);
        break;
      default:
        FAIL() << field->full_name() << " has a type that intent files do not know";
    }
  }
}

// One operation of every kind, every field set.
v1::Intent Everything() {
  v1::Intent intent;
  int next = 0;
  const auto* kinds = v1::Operation::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) {
    auto* operation = intent.add_operations();
    FillAll(operation->GetReflection()->MutableMessage(operation, kinds->field(i)), next);
  }
  return intent;
}

class EveryField : public testing::TestWithParam<Format> {};

TEST_P(EveryField, IsReadBackAsItWasPrinted) {
  const v1::Intent intent = Everything();
  ASSERT_EQ(intent.operations_size(), 14);
  const std::string text = DataText(intent, GetParam());
  const auto back = Parse(text);
  ASSERT_TRUE(back.ok()) << back.status() << "\n" << text;
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(intent, *back)) << difference << "\n" << text;
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryField, testing::Values(Format::kJson, Format::kYaml));

}  // namespace
}  // namespace warren::cli
