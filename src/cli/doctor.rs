//! `giaoban doctor`: whether all that a pipeline needs is well.

use std::sync::Mutex;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::Done;
use super::rollup::TextOrJson;
use crate::config::Settings;
use crate::doctor::{Finding, Manner, Met, Thing, Verdict, examine};
use crate::failure::{ExitCode, Failure};
use crate::files::Inspection;
use crate::program::{Context, open_reader};
use crate::terminal::print;
use crate::terminal::progress::Progress;
use crate::text::safe::list_json;
use crate::text::{Lang, doctor as says};

/// Between two looks at what moves.
const PAUSE: Duration = Duration::from_secs(1);
/// A look at all pages that takes longer shows a bar.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// The options of `giaoban doctor`.
#[derive(Args, Debug)]
#[command(
    after_help = "Mã thoát 0 chỉ khi mọi điều nêu ra đã được xem và không có vấn đề; nếu không là 16.\nThe exit code is 0 only where all that is named was looked at and nothing is a problem; else 16.\n\nVí dụ / Example:\n  giaoban doctor\n  giaoban doctor --within 600 --format json"
)]
pub struct DoctorArgs {
    /// Đọc mọi trang của mỗi tệp trong nhiều nhất bấy nhiêu giây · Read every page of each file for at most so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    within: u64,
    /// Dạng kết quả · Form of the result
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
}

/// Runs the command.
pub fn run(settings: Settings, args: &DoctorArgs) -> Done {
    let lang = settings.lang;
    let findings = match Context::new(settings) {
        Ok(context) => found(&context, args.within),
        Err(failure) => vec![unconfigured(&failure, lang)],
    };
    print(&match args.format {
        TextOrJson::Text => text(&findings, lang),
        TextOrJson::Json => list_json("findings", &findings.iter().map(Row::of).collect::<Vec<_>>()),
    })?;
    let bad = findings.iter().any(|finding| finding.verdict.is_bad());
    Ok(if bad { ExitCode::DoctorFound } else { ExitCode::Done })
}

fn found(context: &Context, within: u64) -> Vec<Finding> {
    // Opening the embedded log makes it, and nothing is changed here.
    let log = context.has_log().then(|| context.open_log());
    let log = match &log {
        None => Met::NotYet,
        Some(Ok(log)) => Met::Open(&**log),
        Some(Err(failure)) => Met::Failed(failure),
    };
    let place = match context.place() {
        Ok(place) => place,
        Err(failure) => return vec![unconfigured(&failure, context.lang())],
    };
    if let Err(error) = context.settings.holidays() {
        return vec![unconfigured(&error.into(), context.lang())];
    }
    let bar = Mutex::new(None);
    let tick = |elapsed: Duration| {
        if elapsed >= SHOWN_AFTER
            && let Ok(mut bar) = bar.lock()
        {
            let bar = bar.get_or_insert_with(|| Progress::new(says::reading_pages().get(context.lang())));
            bar.set(elapsed.as_secs(), Some(within));
        }
    };
    let manner = Manner { inspection: Inspection { within: Duration::from_secs(within), tick: &tick }, pause: PAUSE };
    let (settings, rules, now) = (&context.settings, &context.rules, jiff::Timestamp::now());
    examine((settings, rules, now), &log, &|| open_reader(&place, rules), &manner)
}

fn text(findings: &[Finding], lang: Lang) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Good => says::good(),
            Verdict::Warning => says::warning(),
            Verdict::NotLookedAt => says::not_looked_at(),
            Verdict::Problem => says::problem(),
        };
        text += &format!("{} {}: {}\n", mark.get(lang), finding.thing.title().get(lang), finding.detail);
        if !finding.remedy.is_empty() {
            text += &format!("          → {}\n", finding.remedy);
        }
    }
    text
}

/// A finding for programs; the sentences are in the language of the settings.
#[derive(Serialize)]
struct Row<'a> {
    thing: &'static str,
    verdict: &'static str,
    detail: &'a str,
    remedy: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        let remedy = Some(finding.remedy.as_str()).filter(|remedy| !remedy.is_empty());
        Self { thing: finding.thing.name(), verdict: finding.verdict.name(), detail: &finding.detail, remedy }
    }
}

fn unconfigured(failure: &Failure, lang: Lang) -> Finding {
    Finding::new(Thing::Configuration, Verdict::Problem, (failure.what(), failure.remedy()), lang)
}
