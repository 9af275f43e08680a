//! `giaoban config`: the configuration in force, where each value came from, and whether a worker can begin with it.

use clap::{Args, Subcommand};

use super::Done;
use crate::config::{Loaded, Origin, Settings};
use crate::failure::{ExitCode, Failure};
use crate::log::kafka::try_out;
use crate::terminal::{note, print};
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
    Show,
    /// Kiểm tra mọi điều biết được trước khi khởi động lại: tệp, biến, giá trị, đơn vị, lịch, tệp bí mật, chứng chỉ; không chạm kho và nhật ký · Check what can be known before a restart: file, variables, values, units, calendar, secrets' files, certificates; touches neither store nor log
    #[command(
        after_help = "Ví dụ / Example:\n  giaoban config check --config /etc/giaoban/giaoban.toml && systemctl restart giaoban-worker"
    )]
    Check,
}

/// Runs the command.
pub fn run(loaded: &Loaded, args: &ConfigArgs) -> Done {
    match args.action {
        Action::Show => show(loaded),
        Action::Check => check(loaded),
    }
}

fn show(loaded: &Loaded) -> Done {
    let mut text = String::new();
    for (key, value, origin) in &loaded.shown {
        text += &format!("{key} = {value:?}  ({origin})\n");
    }
    print(&text)?;
    Ok(ExitCode::Done)
}

/// What loads, this far; each of the rest is told.
fn check(loaded: &Loaded) -> Done {
    let lang = loaded.settings.lang;
    let problems = problems(&loaded.settings);
    for problem in &problems {
        note(failure::error_and_remedy(problem.what(), problem.remedy()).get(lang));
    }
    if !problems.is_empty() {
        return Ok(ExitCode::Configuration);
    }
    print(&good(loaded, lang))?;
    Ok(ExitCode::Done)
}

/// What is wrong though every value is one that its key takes.
fn problems(settings: &Settings) -> Vec<Failure> {
    let rules = settings.rules();
    let admission = rules.as_ref().map_or(Ok(()), |rules| settings.admission(rules).map(drop));
    let place = settings.store.place(&settings.general.data).map(drop);
    let client = settings.kafka.client().map_err(Failure::from).and_then(|client| match client {
        Some(client) => Ok(try_out(&client)?),
        None => Ok(()),
    });
    let checked = [rules.map(drop), admission, place].into_iter().filter_map(Result::err).map(Failure::from);
    checked.chain(client.err()).collect()
}

fn good(loaded: &Loaded, lang: Lang) -> String {
    let set = loaded.shown.iter().filter(|(_, _, origin)| *origin != Origin::Default).count();
    says::good(loaded.shown.len(), set).get(lang).to_owned()
}
