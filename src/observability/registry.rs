//! Metrics as they are registered: each from its description, with the labels that are written there and nowhere else.

use prometheus::core::Collector;
use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    TextEncoder,
};

use super::names::Description;

/// A name or a label is wrong: a mistake in `names`.
pub(super) type Registered<T> = Result<T, prometheus::Error>;

/// Where metrics are registered: those of a worker apart, for a process that is none shows no word of them.
pub(super) struct Registry {
    all: prometheus::Registry,
    worker: prometheus::Registry,
}

impl Registry {
    /// One of that installation, with what the system says of the process.
    pub(super) fn new(installation: &str) -> Registered<Self> {
        let labels = || Some([("installation".to_owned(), installation.to_owned())].into());
        let all = prometheus::Registry::new_custom(None, labels())?;
        #[cfg(target_os = "linux")]
        all.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self { all, worker: prometheus::Registry::new_custom(None, labels())? })
    }

    /// All that is registered, in the Prometheus text format; of a worker only where this is one.
    pub(super) fn render(&self, with_worker: bool) -> String {
        let mut families = self.all.gather();
        if with_worker {
            families.extend(self.worker.gather());
        }
        let mut text = Vec::new();
        // Encoding into memory cannot fail on metrics that were registered.
        let _ = TextEncoder::new().encode(&families, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn add<M: Collector + Clone + 'static>(&self, of: &Description, metric: Registered<M>) -> Registered<M> {
        let metric = metric?;
        let to = if of.is_of_worker() { &self.worker } else { &self.all };
        to.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    pub(super) fn counter(&self, of: &Description) -> Registered<IntCounter> {
        self.add(of, IntCounter::with_opts(opts(of)))
    }

    /// A counter for each of these labels, from 0 on.
    pub(super) fn counters<'l>(
        &self,
        of: &Description,
        labels: impl IntoIterator<Item = &'l str>,
    ) -> Registered<IntCounterVec> {
        let counters = self.add(of, IntCounterVec::new(opts(of), of.labels))?;
        labels.into_iter().for_each(|label| drop(counters.with_label_values(&[label])));
        Ok(counters)
    }

    pub(super) fn gauge(&self, of: &Description) -> Registered<IntGauge> {
        self.add(of, IntGauge::with_opts(opts(of)))
    }

    pub(super) fn gauges(&self, of: &Description) -> Registered<IntGaugeVec> {
        self.add(of, IntGaugeVec::new(opts(of), of.labels))
    }

    pub(super) fn float(&self, of: &Description) -> Registered<Gauge> {
        self.add(of, Gauge::with_opts(opts(of)))
    }

    pub(super) fn floats(&self, of: &Description) -> Registered<GaugeVec> {
        self.add(of, GaugeVec::new(opts(of), of.labels))
    }

    pub(super) fn histogram(&self, of: &Description, buckets: &[f64]) -> Registered<Histogram> {
        self.add(of, Histogram::with_opts(HistogramOpts::new(of.name, of.help).buckets(buckets.to_vec())))
    }
}

fn opts(of: &Description) -> Opts {
    Opts::new(of.name, of.help)
}
