//! What is round the worker on its machine: room on the disk, the last recount, certificates, and since when no event has
//! come. Asked when somebody looks, never remembered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openssl::asn1::Asn1Time;
use openssl::x509::X509;
use prometheus::{GaugeVec, IntGaugeVec};

use super::names;
use super::registry::{Registered, Registry};
use super::verification::{Outcome, Verification};
use crate::domain::{HANOI, Holidays};

const NO_LABELS: [&str; 0] = [];

/// What there is to look at.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The data folder.
    pub data: PathBuf,
    /// Files of certificates, each with the setting that names it.
    pub certificates: Vec<(String, PathBuf)>,
    /// On which days nobody works.
    pub holidays: Arc<Holidays>,
}

/// What is seen there. Nothing is shown of what there is not.
pub(super) struct Seen {
    free: IntGaugeVec,
    expiry: GaugeVec,
    silence: IntGaugeVec,
    verified_at: GaugeVec,
    outcome: IntGaugeVec,
    records: IntGaugeVec,
    differing: IntGaugeVec,
}

impl Seen {
    pub(super) fn new(registry: &Registry) -> Registered<Self> {
        Ok(Self {
            free: registry.gauges(&names::DATA_FREE)?,
            expiry: registry.floats(&names::CERTIFICATE_EXPIRY)?,
            silence: registry.gauges(&names::SILENCE)?,
            verified_at: registry.floats(&names::VERIFIED_AT)?,
            outcome: registry.gauges(&names::VERIFY_OUTCOME)?,
            records: registry.gauges(&names::VERIFIED_RECORDS)?,
            differing: registry.gauges(&names::VERIFIED_DIFFERENCES)?,
        })
    }

    /// Looks round; the last event came at that time, in milliseconds since 1970.
    pub(super) fn look(&self, round: &Surroundings, last_event_ms: Option<i64>, now_ms: i64) {
        match free_bytes(&round.data) {
            Some(bytes) => self.free.with_label_values(&NO_LABELS).set(counted(bytes)),
            None => self.free.reset(),
        }
        self.expiry.reset();
        for (key, file) in &round.certificates {
            if let Some(at) = first_expiry(file) {
                self.expiry.with_label_values(&[key.as_str()]).set(at);
            }
        }
        let day = |ms| jiff::Timestamp::from_millisecond(ms).ok().map(|at| HANOI.to_datetime(at).date());
        if let (Some(last), Some(today)) = (last_event_ms.and_then(day), day(now_ms)) {
            let days = round.holidays.working_days_between(last, today);
            self.silence.with_label_values(&NO_LABELS).set(i64::from(days));
        }
        if let Some(last) = Verification::last_in(&round.data) {
            self.verified_at.with_label_values(&NO_LABELS).set(last.at_ms as f64 / 1000.0);
            for outcome in Outcome::ALL {
                let is_it = i64::from(outcome == last.outcome());
                self.outcome.with_label_values(&[outcome.name()]).set(is_it);
            }
            if last.failed {
                self.records.reset();
                self.differing.reset();
            } else {
                self.records.with_label_values(&NO_LABELS).set(counted(last.records));
                self.differing.with_label_values(&NO_LABELS).set(counted(last.differing));
            }
        }
    }
}

fn counted(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Free bytes of the disk that a folder is on, or will be.
fn free_bytes(folder: &Path) -> Option<u64> {
    let absolute = std::path::absolute(folder).ok()?;
    absolute.ancestors().find_map(|folder| fs4::available_space(folder).ok())
}

/// When the first certificate of a PEM file expires, in seconds since 1970.
fn first_expiry(file: &Path) -> Option<f64> {
    let certificates = X509::stack_from_pem(&std::fs::read(file).ok()?).ok()?;
    let epoch = Asn1Time::from_unix(0).ok()?;
    let ends = certificates.iter().filter_map(|certificate| epoch.diff(certificate.not_after()).ok());
    ends.map(|end| f64::from(end.days) * 86_400.0 + f64::from(end.secs)).reduce(f64::min)
}
