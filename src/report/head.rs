//! What stands at the head and foot of a report: whose it is and who signs.

use jiff::civil::Date;

use super::numbers;
use crate::setting::{Shape, section};
use crate::text::report::letterhead;

section! {
    /// Head, signature and recipients of a report (Decree 30/2020/NĐ-CP, appendix I).
    /// An empty text is left out, or blank where a pen fills it in.
    "report." ReportHead {
        /// The head of a Party body instead of a state body's.
        pub party: bool = false, Shape::Flag;
        /// The body over the issuing one, in capitals.
        pub parent_body: String = letterhead::PARENT_BODY.into(), Shape::Text;
        /// The issuing body, in capitals.
        pub issuing_body: String = letterhead::ISSUING_BODY.into(), Shape::Text;
        /// The document's number: `05/BC-BCĐ`; empty for a blank.
        pub number: String = String::new(), Shape::Text;
        /// The document's date: `2020-12-03`; empty for a blank. Never the clock's.
        pub date: String = String::new(), Shape::Day;
        /// Where it is issued.
        pub place: String = letterhead::PLACE.into(), Shape::Text;
        /// To whom it is sent.
        pub addressee: String = letterhead::ADDRESSEE.into(), Shape::Text;
        /// In what capacity it is signed: `TM.`, `KT.`, `TL.` and whose.
        pub signatory_capacity: String = letterhead::CAPACITY.into(), Shape::Text;
        /// The signatory's office, in capitals.
        pub signatory_office: String = letterhead::OFFICE.into(), Shape::Text;
        /// The signatory.
        pub signatory_name: String = String::new(), Shape::Text;
        /// Who receives it, one a line; the archive, which comes last, need not be named.
        pub recipients: Vec<String> = letterhead::RECIPIENTS.map(str::to_owned).into(), Shape::List;
    }
}

impl ReportHead {
    /// Who receives it, the archive last (Decree 30/2020/NĐ-CP, appendix I).
    pub(super) fn recipient_lines(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.recipients.iter().map(String::as_str).collect();
        if !lines.last().is_some_and(|line| line.starts_with(letterhead::ARCHIVED)) {
            lines.push(letterhead::ARCHIVE);
        }
        lines
    }

    /// `Số: 05/BC-BCĐ`, of a Party body `Số 05-BC/BCĐ`; blank if there is no number.
    pub(super) fn number_line(&self) -> String {
        letterhead::number(self.number.trim(), self.party)
    }

    /// `Hà Nội, ngày 03 tháng 12 năm 2020`; of a text that is no date, the text.
    pub(super) fn place_and_date(&self) -> String {
        let date = match (self.date.trim(), self.date.trim().parse::<Date>()) {
            ("", _) => letterhead::NO_DATE.to_owned(),
            (_, Ok(date)) => numbers::long_day(date),
            (text, Err(_)) => text.to_owned(),
        };
        format!("{}, {date}", self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_without_date_and_number_leaves_blanks_for_the_pen() {
        let head = ReportHead::default();
        assert_eq!(head.place_and_date(), "Hà Nội, ngày ….. tháng ….. năm ……");
        assert!(head.number_line().starts_with("Số:\u{a0}") && head.number_line().ends_with("/BC-BCĐ"));
    }

    #[test]
    fn a_head_is_dated_as_it_is_configured() {
        let head = ReportHead { date: "2020-12-03".into(), number: "05/BC-BCĐ".into(), ..ReportHead::default() };
        assert_eq!(head.place_and_date(), "Hà Nội, ngày 03 tháng 12 năm 2020");
        assert_eq!(head.number_line(), "Số: 05/BC-BCĐ");
    }

    #[test]
    fn the_archive_receives_every_report_once_and_last() {
        let lines = |recipients: &[&str]| {
            let recipients = recipients.iter().map(|line| (*line).to_owned()).collect();
            ReportHead { recipients, ..ReportHead::default() }.recipient_lines().join("|")
        };
        assert_eq!(lines(&["Như trên"]), "Như trên|Lưu: VT");
        assert_eq!(lines(&["Như trên", "Lưu: VT, BCĐ"]), "Như trên|Lưu: VT, BCĐ");
        assert_eq!(lines(&[]), "Lưu: VT");
    }

    #[test]
    fn a_key_that_is_no_part_of_a_head_is_refused() {
        assert!(serde_json::from_str::<ReportHead>(r#"{"signatory": "A"}"#).is_err());
        let head: ReportHead = serde_json::from_str(r#"{"party": true}"#).unwrap();
        assert_eq!(head, ReportHead { party: true, ..ReportHead::default() });
    }
}
