//! What happened between two looks at the counters of all instances.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::discovery::{Endpoint, Instance};

/// Looks that the history of all calls goes back.
const HISTORY: usize = 200;

/// Rates of all endpoints.
#[derive(Debug, Default)]
pub(super) struct Rates {
    last: Option<Look>,
    rows: Vec<Row>,
    history: VecDeque<u64>,
    order: Order,
}

/// What the counters of each endpoint of each instance were at one time.
#[derive(Debug)]
struct Look {
    at: Instant,
    counts: BTreeMap<(String, String), Counts>,
}

/// An endpoint of a service, all instances together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    pub(super) service: String,
    pub(super) endpoint: String,
    pub(super) instances: usize,
    /// Schemas that the instances were built from; more than one while a new version is rolled out.
    pub(super) schemas: usize,
    /// Calls a second.
    pub(super) calls: f64,
    /// Failed calls a second.
    pub(super) errors: f64,
    /// Mean time that a handler took; `None` when none was called.
    pub(super) mean: Option<Duration>,
    pub(super) last_error: String,
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    #[default]
    Calls,
    Errors,
    Mean,
    Name,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    calls: u64,
    errors: u64,
    nanoseconds: u64,
}

impl Counts {
    fn of(endpoint: &Endpoint) -> Self {
        let Endpoint { num_requests, num_errors, processing_time, .. } = *endpoint;
        Self { calls: num_requests, errors: num_errors, nanoseconds: processing_time }
    }

    /// What was added since. A counter that went back belongs to another run.
    fn since(self, earlier: Self) -> Self {
        if self.calls < earlier.calls {
            return self;
        }
        Self {
            calls: self.calls - earlier.calls,
            errors: self.errors.saturating_sub(earlier.errors),
            nanoseconds: self.nanoseconds.saturating_sub(earlier.nanoseconds),
        }
    }
}

impl Rates {
    /// Takes what all instances say now.
    pub(super) fn look(&mut self, instances: &[Instance], now: Instant) {
        let mut counts = BTreeMap::new();
        let mut sums: BTreeMap<(&str, &str), Sum<'_>> = BTreeMap::new();
        for instance in instances {
            for endpoint in &instance.endpoints {
                let key = (instance.id.clone(), endpoint.name.clone());
                let current = Counts::of(endpoint);
                let sum = sums.entry((&instance.name, &endpoint.name)).or_default();
                sum.instances += 1;
                sum.schemas.insert(instance.metadata.get("schema"));
                if !endpoint.last_error.is_empty() {
                    sum.last_error = &endpoint.last_error;
                }
                if let Some(last) = &self.last {
                    // One that wasn't there has done all it has since.
                    sum.add(current.since(last.counts.get(&key).copied().unwrap_or_default()));
                }
                counts.insert(key, current);
            }
        }
        let seconds = self.last.as_ref().map_or(1.0, |last| (now - last.at).as_secs_f64());
        self.rows = sums.iter().map(|(key, sum)| sum.row(*key, seconds)).collect();
        if self.last.is_some() {
            self.history.truncate(HISTORY - 1);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "for a chart"
            )]
            self.history.push_front(self.calls() as u64);
        }
        self.last = Some(Look { at: now, counts });
        self.sort();
    }

    /// Sorts by something else.
    pub(super) fn sort_by_next(&mut self) {
        self.order = match self.order {
            Order::Calls => Order::Errors,
            Order::Errors => Order::Mean,
            Order::Mean => Order::Name,
            Order::Name => Order::Calls,
        };
        self.sort();
    }

    /// The endpoints, in order.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// What they are sorted by.
    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// Calls a second of all endpoints.
    pub(super) fn calls(&self) -> f64 {
        self.rows.iter().map(|row| row.calls).sum()
    }

    /// The same of earlier looks, the latest first.
    pub(super) fn history(&self) -> impl Iterator<Item = u64> {
        self.history.iter().copied()
    }

    fn sort(&mut self) {
        let name = |row: &Row| (row.service.clone(), row.endpoint.clone());
        self.rows.sort_by_cached_key(name);
        match self.order {
            Order::Calls => self.rows.sort_by(|a, b| b.calls.total_cmp(&a.calls)),
            Order::Errors => self.rows.sort_by(|a, b| b.errors.total_cmp(&a.errors)),
            Order::Mean => self.rows.sort_by_key(|row| std::cmp::Reverse(row.mean)),
            Order::Name => {}
        }
    }
}

/// The sum over the instances of an endpoint.
#[derive(Default)]
struct Sum<'a> {
    instances: usize,
    schemas: BTreeSet<Option<&'a String>>,
    counts: Counts,
    last_error: &'a str,
}

impl Sum<'_> {
    fn add(&mut self, more: Counts) {
        self.counts.calls += more.calls;
        self.counts.errors += more.errors;
        self.counts.nanoseconds += more.nanoseconds;
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody reads the sixteenth digit of a rate")]
    fn row(&self, (service, endpoint): (&str, &str), seconds: f64) -> Row {
        let Counts { calls, errors, nanoseconds } = self.counts;
        Row {
            service: service.to_owned(),
            endpoint: endpoint.to_owned(),
            instances: self.instances,
            schemas: self.schemas.len(),
            calls: calls as f64 / seconds,
            errors: errors as f64 / seconds,
            mean: nanoseconds.checked_div(calls).map(Duration::from_nanos),
            last_error: self.last_error.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: &str, calls: u64, errors: u64) -> Instance {
        let endpoint = Endpoint {
            name: "Get".to_owned(),
            subject: "svc.get".to_owned(),
            num_requests: calls,
            num_errors: errors,
            processing_time: calls * 1000,
            average_processing_time: 1000,
            last_error: String::new(),
        };
        Instance {
            name: "Zoo".to_owned(),
            id: id.to_owned(),
            version: "1.0.0".to_owned(),
            metadata: BTreeMap::from([("schema".to_owned(), id.to_owned())]),
            endpoints: vec![endpoint],
        }
    }

    #[test]
    fn rates_are_what_was_added_by_all_instances_over_the_time_between() {
        let mut rates = Rates::default();
        let start = Instant::now();
        rates.look(&[instance("a", 1000, 10)], start);
        assert!(rates.calls() < 1.0, "what was before the first look is no rate");
        let second = start + Duration::from_secs(2);
        rates.look(&[instance("a", 1200, 12), instance("b", 100, 0)], second);
        let [row] = rates.rows() else { panic!("one endpoint: {:?}", rates.rows()) };
        assert_eq!((row.instances, row.schemas), (2, 2));
        assert_eq!(format!("{} {}", row.calls, row.errors), "150 1");
        assert_eq!(row.mean, Some(Duration::from_micros(1)));
        assert_eq!(rates.history().collect::<Vec<_>>(), [150]);
    }

    #[test]
    fn an_instance_that_began_anew_has_done_no_less_than_nothing() {
        let mut rates = Rates::default();
        let start = Instant::now();
        rates.look(&[instance("a", 1000, 10)], start);
        rates.look(&[instance("a", 30, 0)], start + Duration::from_secs(1));
        assert_eq!(rates.history().next(), Some(30));
        rates.look(&[], start + Duration::from_secs(2));
        assert!(rates.rows().is_empty());
    }
}
