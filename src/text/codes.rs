//! The codes of validation errors: each with what it means and what to do, in both languages. `docs/codes.md` is made of
//! this list; whoever adds a code adds one entry.

use std::fmt;

use super::{Lang, Text};

/// What a code says.
struct CodeText {
    meaning: Text,
    remedy: Text,
}

/// The heading of a list of codes in `docs/codes.md`, and that of its columns.
pub static HEADING: Text =
    Text::new("Tiếng Việt\n\n| mã | sai ở đâu | cách sửa |\n", "English\n\n| code | what is wrong | what to do |\n");

macro_rules! codes {
    ($($member:ident = $code:literal { vi: $vi:literal, $vi_remedy:literal; en: $en:literal, $en_remedy:literal })+) => {
        /// A stable code: its text is never changed and never given to another rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = concat!("`", $code, "`")] $member),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            /// The code as it stands in messages, receipts and metrics.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$member => $code),+ }
            }

            fn text(self) -> &'static CodeText {
                match self { $(Self::$member => {
                    static TEXT: CodeText =
                        CodeText { meaning: Text::new($vi, $en), remedy: Text::new($vi_remedy, $en_remedy) };
                    &TEXT
                })+ }
            }
        }
    };
}

impl Code {
    /// What is wrong.
    pub fn meaning(self, lang: Lang) -> &'static str {
        self.text().meaning.get(lang)
    }

    /// What to do.
    pub fn remedy(self, lang: Lang) -> &'static str {
        self.text().remedy.get(lang)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

codes! {
    FileEmpty = "file.empty" {
        vi: "tệp không có sự kiện nào", "Kiểm tra xem có đúng tệp không, rồi gửi tệp có dữ liệu";
        en: "the file holds no event", "Check that it is the right file, and publish one that holds events"
    }
    CsvColumns = "csv.columns" {
        vi: "số ô của dòng khác số cột của dòng tiêu đề", "Sửa dòng cho đủ ô; đặt ô có dấu phân cách trong dấu ngoặc kép";
        en: "the row has a different number of cells than the header", "Complete the row; put a cell that contains the delimiter in double quotes"
    }
    CsvQuoteUnclosed = "csv.quote_unclosed" {
        vi: "dấu ngoặc kép mở ô ở dòng này không được đóng đúng chỗ; các dòng sau được đọc thành các hàng riêng", "Đóng ô bằng dấu ngoặc kép, hoặc bỏ dấu thừa; nếu ô có xuống dòng thì viết thành một dòng; nếu tệp bị cắt cụt thì gửi lại cả tệp";
        en: "the quote that opens a cell on this line is not closed where the cell ends; the lines after it are parsed as separate rows", "Close the cell with a double quote, or remove the stray one; write a cell of several lines on one; if the file was cut short, send it whole"
    }
    CsvQuoteMisplaced = "csv.quote_misplaced" {
        vi: "sau dấu ngoặc kép đóng ô còn có chữ", "Viết hai dấu ngoặc kép (\"\") cho mỗi dấu nằm trong ô";
        en: "there is text after the quote that closes a cell", "Write each double quote within a cell twice (\"\")"
    }
    DeliveryFailed = "delivery.failed" {
        vi: "nhật ký không xác nhận đã nhận sự kiện", "Gửi lại dòng này; nếu thực ra đã được nhận, nó sẽ được nhận ra là trùng";
        en: "the log did not acknowledge the event", "Send the line again; if it was taken after all, it will be recognised as a duplicate"
    }
    MessageEmpty = "message.empty" {
        vi: "thông điệp rỗng", "Gửi một sự kiện CloudEvents dạng JSON";
        en: "the message is empty", "Send a CloudEvents event as JSON"
    }
    MessageTooLarge = "message.too_large" {
        vi: "thông điệp quá lớn (tính cả khóa, header và nội dung)", "Rút ngắn phần văn bản (tóm tắt, nội dung) rồi gửi lại";
        en: "the message is too large: key, headers and value together", "Shorten its texts (summary, topic) and send it again"
    }
    EncodingNotUtf8 = "encoding.not_utf8" {
        vi: "văn bản không phải UTF-8", "Lưu hoặc gửi lại bằng bảng mã UTF-8";
        en: "the text is not UTF-8", "Save or send it as UTF-8"
    }
    EncodingBom = "encoding.bom" {
        vi: "văn bản bắt đầu bằng dấu BOM", "Lưu dạng UTF-8 không có BOM";
        en: "the text begins with a byte order mark", "Save it as UTF-8 without BOM"
    }
    JsonSyntax = "json.syntax" {
        vi: "JSON sai cú pháp", "Sửa tại dòng và cột đã nêu; nếu tệp bị cắt cụt thì gửi lại cả tệp";
        en: "the JSON is malformed", "Correct it at the line and column given; if the file was cut short, send it whole"
    }
    JsonNumberOutOfRange = "json.number_out_of_range" {
        vi: "JSON có một số lớn hơn mọi số thực 64 bit, không chuẩn hóa được theo RFC 8785", "Sửa số tại dòng và cột đã nêu, hoặc gửi nó dạng chuỗi ký tự";
        en: "the JSON has a number beyond the range of 64-bit floating-point numbers, which has no canonical form (RFC 8785)", "Correct the number at the line and column given, or send it as a string"
    }
    JsonLoneSurrogate = "json.lone_surrogate" {
        vi: "một chuỗi ký tự có một nửa cặp surrogate (\\ud800 đến \\udfff đứng một mình), không chuẩn hóa được theo RFC 8785", "Sửa chuỗi tại dòng và cột đã nêu: viết đủ cả cặp, hoặc viết chính ký tự bằng UTF-8";
        en: "a string has an unpaired surrogate (\\ud800 to \\udfff by itself), which has no canonical form (RFC 8785)", "Correct the string at the line and column given: write both halves, or the character itself in UTF-8"
    }
    JsonTooDeep = "json.too_deep" {
        vi: "JSON lồng nhau quá sâu", "Bỏ bớt các tầng lồng nhau";
        en: "the JSON is nested too deeply", "Remove levels of nesting"
    }
    JsonDuplicateKey = "json.duplicate_key" {
        vi: "một tên xuất hiện hai lần trong cùng đối tượng", "Chỉ giữ một giá trị";
        en: "duplicate key in an object", "Keep one of the two"
    }
    JsonNotAnObject = "json.not_an_object" {
        vi: "thông điệp không phải đối tượng JSON", "Gửi mỗi sự kiện là một đối tượng {…}";
        en: "the message is not a JSON object", "Send each event as one object {…}"
    }
    ContentTypeUnsupported = "content_type.unsupported" {
        vi: "định dạng sự kiện không được hỗ trợ", "Gửi dạng application/cloudevents+json, hoặc các header ce_ kèm application/json";
        en: "the event format is not supported", "Send application/cloudevents+json, or ce_ headers with application/json"
    }
    HeaderDuplicate = "header.duplicate" {
        vi: "một thuộc tính có trong hai header", "Chỉ gửi một header cho mỗi thuộc tính";
        en: "an attribute is set by two headers", "Send one header for each attribute"
    }
    SpecversionUnsupported = "specversion.unsupported" {
        vi: "phiên bản CloudEvents không được hỗ trợ", "Đặt specversion là \"1.0\"";
        en: "the CloudEvents version is not supported", "Set specversion to \"1.0\""
    }
    TypeUnknown = "type.unknown" {
        vi: "không có loại sự kiện này", "Dùng một trong các loại cho phép";
        en: "the type of event is unknown", "Use one of the allowed types"
    }
    TypeVersionUnknown = "type.version_unknown" {
        vi: "chưa có phiên bản này của loại sự kiện", "Gửi phiên bản cho phép, hoặc nâng cấp giaoban";
        en: "this version of the type is unknown", "Send the allowed version, or upgrade giaoban"
    }
    SourceUnitUnknown = "source.unit_unknown" {
        vi: "nguồn /units/… nêu một mã đơn vị không có trong danh mục", "Sửa mã trong source";
        en: "the source /units/… names a code that is not in the units' table", "Correct the code in source"
    }
    SourceNotAllowed = "source.not_allowed" {
        vi: "nguồn này không được phép", "Dùng /units/<mã>, hoặc đề nghị người vận hành cho phép nguồn này";
        en: "this source is not allowed", "Use /units/<code>, or ask the operator to allow this source"
    }
    SourceInvalid = "source.invalid" {
        vi: "nguồn không hợp lệ", "Dùng nguồn không rỗng, không quá dài, mọi ký tự đều nhìn thấy được, không có dấu cách ở hai đầu, dạng Unicode dựng sẵn (NFC), ví dụ /units/<mã>";
        en: "the source is not valid", "Use a source that is not empty, not too long, whose characters can all be seen, without a space at either end, in Unicode's composed form (NFC), such as /units/<code>"
    }
    SubjectInvalid = "subject.invalid" {
        vi: "số hồ sơ không hợp lệ", "Dùng số hồ sơ không rỗng, không quá dài, mọi ký tự đều nhìn thấy được, không có dấu cách ở hai đầu, dạng Unicode dựng sẵn (NFC)";
        en: "the record's number is not valid", "Use a number that is not empty, not too long, whose characters can all be seen, without a space at either end, in Unicode's composed form (NFC)"
    }
    IdInvalid = "id.invalid" {
        vi: "id không hợp lệ", "Dùng id không rỗng, không quá dài, mọi ký tự đều nhìn thấy được, không có dấu cách ở hai đầu, dạng Unicode dựng sẵn (NFC), ví dụ <subject>.<revision>";
        en: "the id is not valid", "Use an id that is not empty, not too long, whose characters can all be seen, without a space at either end, in Unicode's composed form (NFC), such as <subject>.<revision>"
    }
    RevisionInvalid = "revision.invalid" {
        vi: "số lần sửa không hợp lệ", "Dùng số nguyên từ 1 đến 1000000; lần sửa sau lớn hơn lần trước";
        en: "the revision is not valid", "Use a whole number from 1 to 1000000; a later revision has a higher one"
    }
    SyntheticNotAccepted = "synthetic.not_accepted" {
        vi: "kho số liệu này không nhận sự kiện tạo ra để minh họa (synthetic)", "Gửi dữ liệu mẫu vào một kho riêng (giaoban demo, hoặc store.synthetic = true khi tạo kho); nếu là số liệu thật thì bỏ synthetic";
        en: "this store does not take events that are made up (synthetic)", "Send samples to a store of their own (giaoban demo, or store.synthetic = true when it is made); leave synthetic out if the figures are real"
    }
    TimeInvalid = "time.invalid" {
        vi: "thời điểm không hợp lệ", "Viết theo RFC 3339 kèm múi giờ, ví dụ 2020-03-04T09:12:33+07:00";
        en: "the time is not valid", "Write it as RFC 3339 with its UTC offset, such as 2020-03-04T09:12:33+07:00"
    }
    PartitionkeyMismatch = "partitionkey.mismatch" {
        vi: "partitionkey khác mã đơn vị", "Đặt partitionkey bằng mã đơn vị, hoặc bỏ đi";
        en: "partitionkey is not the unit's code", "Set partitionkey to the unit's code, or leave it out"
    }
    DatacontenttypeUnsupported = "datacontenttype.unsupported" {
        vi: "dữ liệu không phải JSON", "Đặt datacontenttype là application/json";
        en: "the data is not JSON", "Set datacontenttype to application/json"
    }
    DataBase64 = "data.base64" {
        vi: "dữ liệu gửi dạng base64", "Gửi dữ liệu là đối tượng JSON trong data";
        en: "the data is sent as base64", "Send it as a JSON object in data"
    }
    FieldMissing = "field.missing" {
        vi: "thiếu trường bắt buộc", "Thêm trường này";
        en: "a required field is missing", "Add the field"
    }
    FieldWrongType = "field.wrong_type" {
        vi: "sai kiểu dữ liệu", "Gửi đúng kiểu JSON cho phép; số viết không có dấu ngoặc kép";
        en: "the JSON type is wrong", "Send the allowed JSON type; numbers are written without quotes"
    }
    ValueUnknown = "value.unknown" {
        vi: "giá trị không có trong danh mục đóng", "Dùng đúng một trong các giá trị cho phép";
        en: "the value is not in the closed list", "Use one of the allowed values exactly as written"
    }
    TextTooLong = "text.too_long" {
        vi: "tên quá dài", "Rút ngắn tên; nội dung dài thì ghi vào phần tóm tắt";
        en: "the name is too long", "Shorten it; what is long belongs into a summary"
    }
    NumberFractional = "number.fractional" {
        vi: "số đếm có phần lẻ", "Dùng số nguyên";
        en: "a count has a fraction", "Use a whole number"
    }
    NumberOutOfRange = "number.out_of_range" {
        vi: "số nằm ngoài khoảng cho phép", "Sửa lại số trong khoảng cho phép";
        en: "the number is out of range", "Correct it to lie within the range"
    }
    MoneyNegative = "money.negative" {
        vi: "số tiền âm", "Dùng số tiền từ 0; muốn giảm thì sửa hồ sơ gốc";
        en: "the amount is negative", "Use an amount from 0; to reduce one, correct its record"
    }
    MoneyFractional = "money.fractional" {
        vi: "số tiền có phần lẻ", "Ghi số đồng nguyên";
        en: "the amount has a fraction", "Give whole đồng"
    }
    MoneyTooLarge = "money.too_large" {
        vi: "số tiền quá lớn", "Kiểm tra đơn vị tính: số tiền ghi bằng đồng";
        en: "the amount is too large", "Check the unit of measure: amounts are in đồng"
    }
    LandNegative = "land.negative" {
        vi: "diện tích âm", "Dùng diện tích từ 0";
        en: "the area is negative", "Use an area from 0"
    }
    LandTooFine = "land.too_fine" {
        vi: "diện tích có quá 2 chữ số thập phân", "Làm tròn đến 2 chữ số thập phân (0,01 m²)";
        en: "the area has more than 2 decimals", "Round it to 2 decimals (0.01 m²)"
    }
    LandTooLarge = "land.too_large" {
        vi: "diện tích quá lớn", "Kiểm tra đơn vị tính: diện tích ghi bằng m²";
        en: "the area is too large", "Check the unit of measure: areas are in m²"
    }
    DateInvalid = "date.invalid" {
        vi: "ngày không hợp lệ", "Viết dạng YYYY-MM-DD (năm-tháng-ngày), ví dụ 2020-03-04, và là ngày có thật";
        en: "the date is not valid", "Write it as YYYY-MM-DD (year-month-day), such as 2020-03-04, and a day that exists"
    }
    DateAfterTime = "date.after_time" {
        vi: "ngày muộn hơn thời điểm ghi nhận quá một ngày", "Sửa ngày, hoặc sửa time nếu đồng hồ máy gửi sai";
        en: "the date is more than one day after the time of recording", "Correct the date, or time if the sender's clock is wrong"
    }
    DateOutsideUnit = "date.outside_unit" {
        vi: "mã đơn vị không có hiệu lực vào ngày này", "Sửa ngày, hoặc dùng mã của đơn vị có hiệu lực vào ngày đó";
        en: "the unit's code was not in force on this day", "Correct the date, or use the code of the unit that was in force then"
    }
    DateOutsideCalendar = "date.outside_calendar" {
        vi: "ngày hoặc kỳ không có trong lịch báo cáo", "Sửa ngày hoặc kỳ, hoặc đề nghị người vận hành bổ sung lịch";
        en: "the date or period is not in the reporting calendar", "Correct it, or ask the operator to extend the calendar"
    }
    DateResolvedBeforeDetected = "date.resolved_before_detected" {
        vi: "ngày xử lý trước ngày phát hiện", "Sửa một trong hai ngày";
        en: "the case is resolved before it was detected", "Correct one of the two dates"
    }
    DateResolvedBeforeReceived = "date.resolved_before_received" {
        vi: "ngày giải quyết trước ngày tiếp nhận", "Sửa một trong hai ngày";
        en: "the petition is resolved before it was received", "Correct one of the two dates"
    }
    ResolutionMissing = "resolution.missing" {
        vi: "có tiền hoặc đất nhưng chưa có ngày xử lý", "Thêm resolved_on, hoặc bỏ các trường tiền và đất";
        en: "money or land is given without a day of resolution", "Add resolved_on, or leave money and land out"
    }
    UnitUnknown = "unit.unknown" {
        vi: "mã đơn vị không có trong danh mục", "Sửa mã đơn vị theo danh mục";
        en: "the unit's code is not in the units' table", "Correct the code by the table"
    }
    UnitNotOfSource = "unit.not_of_source" {
        vi: "nguồn không được báo cáo thay đơn vị này vào ngày đó: một đơn vị chỉ báo cáo cho chính mình, các đơn vị trực thuộc và các đơn vị nó tiếp nhận về sau", "Sửa mã đơn vị, hoặc đặt source là /units/<mã> của chính đơn vị đó hay cấp trên của nó; hệ thống khác thì đề nghị người vận hành thêm đơn vị vào sources.allowed";
        en: "the source may not speak for this unit on that day: a unit speaks for itself, for those below it and for those that it took over later", "Correct the unit, or set source to /units/<code> of that unit or of one above it; for another system, ask the operator to add the unit to sources.allowed"
    }
    UnitOutsidePeriod = "unit.outside_period" {
        vi: "mã đơn vị không có hiệu lực ngày nào trong kỳ", "Sửa kỳ, hoặc dùng mã của đơn vị có hiệu lực trong kỳ";
        en: "the unit's code was in force on no day of the period", "Correct the period, or use the code of a unit that was in force in it"
    }
    PeriodInvalid = "period.invalid" {
        vi: "kỳ báo cáo không hợp lệ", "Viết 2020-Q4, 2020-H1, 2020-9M hoặc 2020";
        en: "the period is not valid", "Write 2020-Q4, 2020-H1, 2020-9M or 2020"
    }
    PeriodNotAQuarter = "period.not_a_quarter" {
        vi: "biểu mẫu phải là của một quý", "Gửi mỗi quý một biểu, ví dụ 2020-Q4";
        en: "a form's totals are of one quarter", "Send a form for each quarter, such as 2020-Q4"
    }
    PeriodNotBegun = "period.not_begun" {
        vi: "quý cuối của kỳ chưa bắt đầu vào thời điểm ghi nhận", "Sửa kỳ, hoặc gửi lại khi quý đó đã bắt đầu; sửa time nếu đồng hồ máy gửi sai";
        en: "the last quarter of the period had not begun at the time of recording", "Correct the period, or send it once that quarter has begun; correct time if the sender's clock is wrong"
    }
    YearInvalid = "year.invalid" {
        vi: "năm không hợp lệ", "Ghi năm có bốn chữ số trong khoảng cho phép";
        en: "the year is not valid", "Give a year of four digits within the range"
    }
    CellUnreadable = "cell.unreadable" {
        vi: "không đọc được ô này", "Sửa ô theo dạng cho phép, hoặc để trống nếu không có";
        en: "the cell cannot be read", "Correct it to the allowed form, or leave it empty if there is no value"
    }
}
