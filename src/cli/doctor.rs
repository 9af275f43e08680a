//! `giaoban doctor`: whether all that a pipeline needs is well.

use super::Done;
use crate::config::Settings;
use crate::doctor::{Finding, Met, Verdict, examine};
use crate::failure::{ExitCode, Failure};
use crate::program::{Context, open_reader};
use crate::terminal::print;
use crate::text::{Lang, doctor as says};

/// Runs the command.
pub fn run(settings: Settings) -> Done {
    let lang = settings.lang;
    let mut findings = Vec::new();
    match Context::new(settings.clone()) {
        Ok(context) => {
            // Opening the embedded log makes it, and nothing is changed here.
            let log = context.has_log().then(|| context.log());
            let log = match &log {
                None => Met::NotYet,
                Some(Ok(log)) => Met::Open(&**log),
                Some(Err(failure)) => Met::Failed(failure),
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
        let mark = match finding.verdict {
            Verdict::Good => says::good(),
            Verdict::Warning => says::warning(),
            Verdict::Problem => says::problem(),
        };
        text += &format!("{} {}: {}\n", mark.get(lang), finding.what, finding.detail);
        if !finding.remedy.is_empty() {
            text += &format!("          → {}\n", finding.remedy);
        }
    }
    print(&text)?;
    let problem = findings.iter().any(|finding| finding.verdict == Verdict::Problem);
    Ok(if problem { ExitCode::DoctorFound } else { ExitCode::Done })
}

fn unconfigured(failure: &Failure, lang: Lang) -> Finding {
    let [what, detail, remedy] =
        [&says::configuration(), failure.what(), failure.remedy()].map(|text| text.get(lang).to_owned());
    Finding { what, verdict: Verdict::Problem, detail, remedy }
}
