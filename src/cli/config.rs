//! `giaoban config`: the configuration in force, where each value came from, and whether a worker can begin with it.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Done;
use super::rollup::TextOrJson;
use crate::config::{Loaded, Origin, Settings};
use crate::failure::{ExitCode, Failure};
use crate::log::kafka::try_out;
use crate::terminal::{note, print};
use crate::text::safe::list_json;
use crate::text::{Lang, config as says, failure};

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
    Show(FormatArgs),
    /// Kiểm tra mọi điều biết được trước khi khởi động lại: tệp, biến, giá trị, đơn vị, lịch, tệp bí mật, chứng chỉ; không chạm kho và nhật ký · Check what can be known before a restart: file, variables, values, units, calendar, secrets' files, certificates; touches neither store nor log
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban config check --config /etc/giaoban/giaoban.toml && systemctl restart giaoban-worker"
    )]
    Check(FormatArgs),
}

#[derive(Args, Debug)]
struct FormatArgs {
    /// Dạng kết quả · Form of the result
    #[arg(long, value_enum, default_value = "text")]
    format: TextOrJson,
}

/// A key for programs.
#[derive(Serialize)]
struct Row<'a> {
    key: &'a str,
    value: &'a str,
    from: String,
}

/// What is wrong, for programs; the sentences are in the language of the settings.
#[derive(Serialize)]
struct Problem<'a> {
    detail: &'a str,
    remedy: &'a str,
}

/// Runs the command.
pub fn run(loaded: &Loaded, args: &ConfigArgs) -> Done {
    match &args.action {
        Action::Show(args) => show(loaded, args.format),
        Action::Check(args) => check(loaded, args.format),
    }
}

fn show(loaded: &Loaded, format: TextOrJson) -> Done {
    if format == TextOrJson::Json {
        let rows = loaded.shown.iter().map(|(key, value, from)| Row { key, value, from: from.to_string() });
        print(&list_json("settings", &rows.collect::<Vec<_>>()))?;
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    for (key, value, origin) in &loaded.shown {
        text += &format!("{key} = {value:?}  ({origin})\n");
    }
    print(&text)?;
    Ok(ExitCode::Done)
}

/// What loads, this far; each of the rest is told.
fn check(loaded: &Loaded, format: TextOrJson) -> Done {
    let lang = loaded.settings.lang;
    let problems = problems(&loaded.settings);
    match format {
        TextOrJson::Json => {
            let rows = problems.iter().map(|of| Problem { detail: of.what().get(lang), remedy: of.remedy().get(lang) });
            print(&list_json("problems", &rows.collect::<Vec<_>>()))?;
        }
        TextOrJson::Text if problems.is_empty() => print(&good(loaded, lang))?,
        TextOrJson::Text => {
            for problem in &problems {
                note(failure::error_and_remedy(problem.what(), problem.remedy()).get(lang));
            }
        }
    }
    Ok(if problems.is_empty() { ExitCode::Done } else { ExitCode::Configuration })
}

/// What is wrong though every value is one that its key takes.
fn problems(settings: &Settings) -> Vec<Failure> {
    let rules = settings.rules();
    let admission = rules.as_ref().map_or(Ok(()), |rules| settings.admission(rules).map(drop));
    let place = settings.store.place(&settings.general.data).map(drop);
    let holidays = settings.holidays().map(drop);
    let client = settings.kafka.client().map_err(Failure::from).and_then(|client| match client {
        Some(client) => Ok(try_out(&client)?),
        None => Ok(()),
    });
    let checked = [rules.map(drop), admission, place, holidays].into_iter().filter_map(Result::err).map(Failure::from);
    checked.chain(client.err()).collect()
}

fn good(loaded: &Loaded, lang: Lang) -> String {
    let set = loaded.shown.iter().filter(|(_, _, origin)| *origin != Origin::Default).count();
    says::good(loaded.shown.len(), set).get(lang).to_owned()
}
