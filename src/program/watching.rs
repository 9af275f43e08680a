//! What a process that runs on lets operators see: its metrics, and the watch over its log.

use std::sync::Arc;

use super::context::Context;
use crate::failure::{Failure, FailureKind};
use crate::log::EventLog;
use crate::observability::{Metrics, Role, Surroundings, Watch};
use crate::text::{Text, worker as text};

/// The metrics of this process, with what is round it.
///
/// # Errors
///
/// Where the table of holidays cannot be read.
pub fn metrics(context: &Context, role: Role) -> Result<Arc<Metrics>, Failure> {
    let settings = &context.settings;
    let metrics = bare_metrics(context, role)?;
    metrics.show(Surroundings {
        data: settings.general.data.clone(),
        certificates: settings.certificates(),
        holidays: Arc::new(settings.holidays()?),
    });
    Ok(metrics)
}

/// The metrics of work that nobody watches.
///
/// # Errors
///
/// Where the program has a mistake.
pub fn bare_metrics(context: &Context, role: Role) -> Result<Arc<Metrics>, Failure> {
    let metrics = Metrics::new(&context.settings.general.installation, role);
    let defect = |error| Failure::new(FailureKind::Defect, Text::same(format!("metrics: {error}")), text::defect());
    metrics.map(Arc::new).map_err(defect)
}

/// Tells the probes that who waits lives, and what it waits for.
pub fn alive(metrics: &Metrics) -> impl Fn(Option<&Failure>) {
    move |waits_for| {
        metrics.health.beat();
        if let Some(failure) = waits_for {
            metrics.health.awaits(failure.what().en.to_string());
        }
    }
}

/// Watches the settings' topics of that log until what is returned is dropped.
///
/// # Errors
///
/// Where no thread can be started.
pub fn watch(context: &Context, log: &Arc<dyn EventLog>, metrics: &Arc<Metrics>) -> Result<Watch, Failure> {
    let kafka = &context.settings.kafka;
    let topics = (&*kafka.topic, &*kafka.dead_letter_topic);
    Watch::start(Arc::clone(log), topics, Arc::clone(metrics)).map_err(|error| Failure::io("thread", &error))
}
