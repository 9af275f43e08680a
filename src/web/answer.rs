//! From what is asked to what is answered. Synchronous: the store is read here.

use jiff::civil::Date;
use serde::Deserialize;

use super::Figures;
use super::frame::{Frame, of_records, with_query};
use super::pages::{self, Crumb};
use crate::domain::{Figure, Period, Quarter, Rules};
use crate::report::records::{Listing, ListingError};
use crate::report::words::{self, pick};
use crate::report::{csv, json, numbers};
use crate::rollup::table::{DISSOLVED, OfUnit, RollupError};
use crate::rollup::{Rollup, RollupRow};
use crate::store::{StoreError, StoreReader};
use crate::text::Lang;

/// What is asked for.
#[derive(Debug)]
pub enum Ask {
    /// The first page.
    Overview,
    /// A unit's page.
    Unit(String),
    /// The records behind a figure.
    Records,
    /// The figures for programs.
    Rollup,
}

/// The query. An empty value is none.
#[derive(Debug, Default, Deserialize)]
pub struct Params {
    period: Option<String>,
    unit: Option<String>,
    since: Option<String>,
    figure: Option<String>,
    format: Option<String>,
    lang: Option<String>,
}

impl Params {
    /// The reader's language: Vietnamese unless English is asked for.
    pub fn lang(&self) -> Lang {
        if self.lang.as_deref() == Some("en") { Lang::En } else { Lang::Vi }
    }
}

fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|value| !value.is_empty())
}

/// What is answered.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub content_type: &'static str,
    /// The text.
    pub body: String,
}

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

/// Why there is no such answer.
enum Trouble {
    /// What is asked for is not there; the sentence, and what there is as names and links.
    Missing(String, Vec<(String, String)>),
    /// The store.
    Store(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Answers.
pub fn answer(figures: &Figures, ask: &Ask, params: &Params) -> Reply {
    let lang = params.lang();
    let trouble = match reply(figures, ask, params) {
        Ok(reply) => return reply,
        Err(trouble) => trouble,
    };
    let (status, title, text, choices) = match trouble {
        Trouble::Missing(text, choices) => {
            (404, pick(lang, "Không có trang này", "There is no such page"), text, choices)
        }
        Trouble::Store(error) => (
            503,
            pick(lang, "Chưa đọc được số liệu", "The figures cannot be read"),
            store_text(&error, lang),
            Vec::new(),
        ),
    };
    match ask {
        Ask::Rollup => {
            let error = serde_json::json!({ "error": text, "choices": choices.iter().map(|(name, _)| name).collect::<Vec<_>>() });
            Reply { status, content_type: JSON, body: format!("{error}\n") }
        }
        _ => message(status, lang, title, text, choices),
    }
}

/// The page of a path that is none.
pub fn no_such_page(params: &Params) -> Reply {
    let lang = params.lang();
    let text = pick(lang, "Địa chỉ này không có trang nào.", "There is no page at this address.").to_owned();
    message(404, lang, pick(lang, "Không có trang này", "There is no such page"), text, Vec::new())
}

/// The page of a mistake of this program.
pub fn failed(lang: Lang) -> Reply {
    let text = pick(
        lang,
        "Chương trình gặp lỗi khi trả lời; nhật ký của chương trình ghi lỗi đó.",
        "The program failed while answering; its log has the failure.",
    );
    message(500, lang, pick(lang, "Lỗi của chương trình", "The program failed"), text.to_owned(), Vec::new())
}

/// The page of more questions than can be answered at a time.
pub fn busy(lang: Lang) -> Reply {
    let text = pick(
        lang,
        "Máy chủ đang trả lời nhiều yêu cầu khác; xin tải lại trang sau ít giây.",
        "The server is answering many others; load the page again in a few seconds.",
    );
    message(503, lang, pick(lang, "Máy chủ đang bận", "The server is busy"), text.to_owned(), Vec::new())
}

fn message(status: u16, lang: Lang, title: &str, text: String, choices: Vec<(String, String)>) -> Reply {
    let frame =
        Frame { title: title.to_owned(), lang, period: None, periods: Vec::new(), here: "/".into(), synthetic: false };
    Reply { status, content_type: HTML, body: pages::message(frame, text, choices) }
}

fn store_text(error: &StoreError, lang: Lang) -> String {
    match (error, lang) {
        (StoreError::Missing { at }, Lang::Vi) => {
            format!(
                "Chưa có kho số liệu tại {at}. Chạy `giaoban worker` để tạo, hoặc `giaoban demo` để xem số liệu mẫu."
            )
        }
        (StoreError::Missing { at }, Lang::En) => {
            format!("There is no store at {at} yet. `giaoban worker` makes it; `giaoban demo` shows sample figures.")
        }
        (error, Lang::Vi) => format!("Kho số liệu: {error}. Chạy `giaoban doctor` để kiểm tra."),
        (error, Lang::En) => format!("The store: {error}. `giaoban doctor` checks it."),
    }
}

fn reply(figures: &Figures, ask: &Ask, params: &Params) -> Result<Reply, Trouble> {
    let lang = params.lang();
    let rules = &*figures.rules;
    let mut store = (figures.open)()?;
    let periods = periods(&store.quarters()?);
    let synthetic = store.synthetic()?;
    let mut frame = Frame { title: String::new(), lang, period: None, periods, here: "/".into(), synthetic };
    let Some(period) = period_of(params, &frame, ask)? else {
        let title = pick(lang, "Chưa có bản ghi nào", "There are no records yet");
        let text = pick(
            lang,
            "Kho số liệu còn trống. Gửi bản ghi bằng `giaoban publish`, rồi chạy `giaoban worker`.",
            "The store is empty. Send records with `giaoban publish`, then run `giaoban worker`.",
        );
        return Ok(message(200, lang, title, text.to_owned(), Vec::new()));
    };
    frame.period = Some(period);
    let page = |body| Ok(Reply { status: 200, content_type: HTML, body });
    match ask {
        Ask::Overview => {
            let rollup = rollup(&mut *store, (period, None), rules, &frame)?;
            page(pages::overview(frame, &rollup))
        }
        Ask::Unit(code) => {
            let listed = Some(code.as_str()).filter(|code| *code != DISSOLVED);
            let all = rollup(&mut *store, (period, None), rules, &frame)?;
            let rollup = rollup(&mut *store, (period, listed), rules, &frame)?;
            if !rollup.rows.iter().any(|row| row.unit == *code) {
                return Err(no_such_unit(code, rules, &frame));
            }
            frame.here = format!("/units/{code}");
            let crumbs = crumbs(&all, OfUnit { code: Some(code.as_str()), since: None }, &frame);
            page(pages::unit(frame, &rollup, code, crumbs))
        }
        Ask::Records => {
            let figure = figure_of(params, &frame)?;
            let unit = given(&params.unit).unwrap_or(rules.units.root().code.as_str()).to_owned();
            let of = OfUnit { code: Some(unit.as_str()), since: since_of(params, &frame)? };
            let listing = Listing::of(&mut *store, (figure, period, of), rules).map_err(|error| match error {
                ListingError::Store(error) => Trouble::Store(error),
                ListingError::Rollup(RollupError::WhichUnit { units, .. }) => which(&units, figure, &unit, &frame),
                ListingError::Rollup(error) => no_such(error, rules, &frame),
            })?;
            frame.here = with_query("/records", of_records(of, &figure).into_iter());
            let all = rollup(&mut *store, (period, None), rules, &frame)?;
            let crumbs = crumbs(&all, of, &frame);
            page(pages::records(frame, &listing, (figure, of.since), &unit, crumbs))
        }
        Ask::Rollup => {
            let rollup = rollup(&mut *store, (period, given(&params.unit)), rules, &frame)?;
            match given(&params.format).unwrap_or("json") {
                "json" => Ok(Reply { status: 200, content_type: JSON, body: json::rollup_json(&rollup, synthetic) }),
                "csv" => Ok(Reply { status: 200, content_type: CSV, body: csv::rollup_csv(&rollup, synthetic) }),
                other => {
                    let there_is = ["json", "csv"].map(|format| (format.to_owned(), frame.rollup(None, format)));
                    let text = pick(lang, "Không có dạng", "There is no format");
                    Err(Trouble::Missing(format!("{text} “{other}”."), there_is.into()))
                }
            }
        }
    }
}

/// The quarters that have records and their years, newest first.
fn periods(quarters: &[Quarter]) -> Vec<Period> {
    let mut periods = Vec::new();
    for quarter in quarters.iter().rev() {
        let year = Period::Year(quarter.year());
        if !periods.contains(&year) {
            periods.push(year);
        }
        periods.push(Period::Quarter(*quarter));
    }
    periods
}

/// The period that is asked for, else the newest quarter; `None` of an empty store.
fn period_of(params: &Params, frame: &Frame, ask: &Ask) -> Result<Option<Period>, Trouble> {
    let newest = frame.periods.iter().copied().find(|period| matches!(period, Period::Quarter(_)));
    let (Some(text), Some(_)) = (given(&params.period), newest) else { return Ok(newest) };
    let has_records =
        |period: &Period| period.quarters().iter().any(|quarter| frame.periods.contains(&Period::Quarter(*quarter)));
    if let Some(period) = text.parse().ok().filter(has_records) {
        return Ok(Some(period));
    }
    let sentence = match frame.lang {
        Lang::Vi => format!("Kỳ “{text}” không có số liệu. Các kỳ có số liệu:"),
        Lang::En => format!("There are no figures for the period “{text}”. There are figures for:"),
    };
    let path = if matches!(ask, Ask::Rollup) { "/v1/rollup" } else { "/" };
    let link = |period: &Period| {
        let english = (frame.lang == Lang::En).then(|| ("lang", "en".to_owned()));
        with_query(path, std::iter::once(("period", period.to_string())).chain(english))
    };
    let choices = frame.periods.iter().map(|period| (period.to_string(), link(period))).collect();
    Err(Trouble::Missing(sentence, choices))
}

fn figure_of(params: &Params, frame: &Frame) -> Result<Figure, Trouble> {
    let text = given(&params.figure).unwrap_or_default();
    Figure::parse(text).ok_or_else(|| {
        let sentence = match frame.lang {
            Lang::Vi => format!("Không có số liệu “{text}”. Các số liệu:"),
            Lang::En => format!("There is no figure “{text}”. The figures are:"),
        };
        let unit = OfUnit { code: given(&params.unit), since: None };
        let choice = |figure: &Figure| {
            let name = format!("{} ({})", words::figure(*figure, frame.lang), figure.name());
            (name, frame.records(unit, figure))
        };
        Trouble::Missing(sentence, Figure::ALL.iter().map(choice).collect())
    })
}

/// The first day of the unit that is asked for.
fn since_of(params: &Params, frame: &Frame) -> Result<Option<Date>, Trouble> {
    let Some(text) = given(&params.since) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let sentence = match frame.lang {
            Lang::Vi => format!("“{text}” không phải là ngày (như 2025-07-01)."),
            Lang::En => format!("“{text}” is no day (such as 2025-07-01)."),
        };
        Trouble::Missing(sentence, Vec::new())
    })
}

/// The units that had the code in the period, each with its records.
fn which(units: &[(String, Date)], figure: Figure, code: &str, frame: &Frame) -> Trouble {
    let sentence = match frame.lang {
        Lang::Vi => format!("Trong kỳ này mã {code} thuộc các đơn vị sau, mỗi đơn vị có bản ghi riêng:"),
        Lang::En => format!("In this period the code {code} was these units, each with records of its own:"),
    };
    let choice = |(name, since): &(String, Date)| {
        let link = frame.records(OfUnit { code: Some(code), since: Some(*since) }, &figure);
        (format!("{name}, {} {}", frame.say("từ ngày", "since"), numbers::day(*since)), link)
    };
    Trouble::Missing(sentence, units.iter().map(choice).collect())
}

fn rollup(
    store: &mut dyn StoreReader,
    (period, unit): (Period, Option<&str>),
    rules: &Rules,
    frame: &Frame,
) -> Result<Rollup, Trouble> {
    let cells = store.cells(&period.quarters(), rules)?;
    Rollup::of(period, unit, &cells, rules).map_err(|error| no_such(error, rules, frame))
}

fn no_such(error: RollupError, rules: &Rules, frame: &Frame) -> Trouble {
    match error {
        RollupError::NoSuchUnit { unit, .. } | RollupError::WhichUnit { unit, .. } => no_such_unit(&unit, rules, frame),
        RollupError::PeriodOutsideCalendar { period, calendar } => {
            let sentence = match frame.lang {
                Lang::Vi => format!("Lịch {calendar} không có đủ các quý của kỳ {period}. Các kỳ có số liệu:"),
                Lang::En => format!("The calendar {calendar} does not have all of {period}. There are figures for:"),
            };
            let choices = frame.periods.iter().map(|period| (period.to_string(), format!("/?period={period}")));
            Trouble::Missing(sentence, choices.collect())
        }
    }
}

fn no_such_unit(code: &str, rules: &Rules, frame: &Frame) -> Trouble {
    let sentence = match frame.lang {
        Lang::Vi => format!("Không có đơn vị nào mang mã “{code}” trong kỳ này."),
        Lang::En => format!("No unit had the code “{code}” in this period."),
    };
    let root = rules.units.root();
    let nearest = rules.units.nearest_code(code).map(|code| code.to_string());
    let mut choices: Vec<_> = nearest.map(|code| (code.clone(), frame.unit(&code))).into_iter().collect();
    choices.push((root.name.clone(), frame.unit(root.code.as_str())));
    Trouble::Missing(sentence, choices)
}

/// From the unit over all others down to the unit itself.
fn crumbs(all: &Rollup, of: OfUnit<'_>, frame: &Frame) -> Vec<Crumb> {
    let is_asked =
        |row: &&RollupRow| Some(row.unit.as_str()) == of.code && (of.since.is_none() || row.valid_from == of.since);
    let above = |below: &&RollupRow| all.rows.iter().find(|row| Some(&row.unit) == below.parent.as_ref());
    let mut crumbs: Vec<Crumb> = std::iter::successors(all.rows.iter().find(is_asked), above)
        .take(8)
        .map(|row| Crumb { name: row.name.clone(), link: frame.unit(&row.unit) })
        .collect();
    crumbs.reverse();
    crumbs
}
