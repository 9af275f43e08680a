//! `giaoban config show` and `giaoban doctor`.

use clap::{Args, Subcommand};

use super::Done;
use crate::config::{Loaded, Settings};
use crate::doctor::{Finding, Met, Verdict, examine};
use crate::failure::{ExitCode, Failure};
use crate::log::embedded::EmbeddedLog;
use crate::program::{Context, open_reader};
use crate::terminal::print;
use crate::text::Lang;

/// The options of `giaoban config`.
#[derive(Args, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Mọi khóa, giá trị và nguồn gốc · Every key, its value and where it came from
    #[command(after_help = "Ví dụ / Example:\n  GIAOBAN__KAFKA__BROKERS=localhost:9092 giaoban config show")]
    Show,
}

/// Runs `giaoban config show`.
pub fn show(loaded: &Loaded, args: &ConfigArgs) -> Done {
    let Action::Show = args.action;
    let mut text = String::new();
    for (key, value, origin) in &loaded.shown {
        text += &format!("{key} = {value:?}  ({origin})\n");
    }
    print(&text)?;
    Ok(ExitCode::Done)
}

fn texts(failure: &Failure, lang: Lang) -> (String, String) {
    (failure.what().get(lang).to_owned(), failure.remedy().get(lang).to_owned())
}

fn unconfigured(failure: &Failure, lang: Lang) -> Finding {
    let (detail, remedy) = texts(failure, lang);
    let what = match lang {
        Lang::Vi => "cấu hình",
        Lang::En => "configuration",
    };
    Finding { what: what.into(), verdict: Verdict::Problem, detail, remedy }
}

/// Runs `giaoban doctor`.
pub fn doctor(settings: Settings) -> Done {
    let lang = settings.lang;
    let mut findings = Vec::new();
    match Context::new(settings.clone()) {
        Ok(context) => {
            let embedded = settings.kafka.brokers.is_empty();
            // Opening the embedded log makes it, and nothing is changed here.
            let log = (!embedded || EmbeddedLog::is_in(&settings.data)).then(|| context.log());
            let log = match &log {
                None => Met::NotYet,
                Some(Ok(log)) => Met::Open(&**log),
                Some(Err(failure)) => {
                    let (detail, remedy) = texts(failure, lang);
                    Met::Failed { detail, remedy }
                }
            };
            let (rules, now) = (&context.rules, jiff::Timestamp::now());
            match context.place() {
                Ok(place) => findings.extend(examine(&settings, rules, now, &log, || open_reader(&place, rules))),
                Err(failure) => findings.push(unconfigured(&failure, lang)),
            }
        }
        Err(failure) => findings.push(unconfigured(&failure, lang)),
    }
    let mut text = String::new();
    for finding in &findings {
        let mark = match (finding.verdict, lang) {
            (Verdict::Good, Lang::Vi) => "tốt     ",
            (Verdict::Good, Lang::En) => "ok      ",
            (Verdict::Warning, Lang::Vi) => "chú ý   ",
            (Verdict::Warning, Lang::En) => "warning ",
            (Verdict::Problem, Lang::Vi) => "VẤN ĐỀ  ",
            (Verdict::Problem, Lang::En) => "PROBLEM ",
        };
        text += &format!("{mark} {}: {}\n", finding.what, finding.detail);
        if !finding.remedy.is_empty() {
            text += &format!("          → {}\n", finding.remedy);
        }
    }
    print(&text)?;
    let problem = findings.iter().any(|finding| finding.verdict == Verdict::Problem);
    Ok(if problem { ExitCode::DoctorFound } else { ExitCode::Done })
}
