//! Every metric, in one table.

use metrics::Unit;

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What tells its series apart. None of them takes a value from a request.
    pub labels: &'static [&'static str],
    /// What it tells, in a sentence.
    pub meaning: &'static str,
}

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Times in seconds, counted between bounds.
    Times,
}

impl Kind {
    /// The name, with the unit if there is one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Times => "histogram, s",
        }
    }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, labels, meaning }
}

const fn gauge(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Gauge, labels, meaning }
}

const fn times(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Times, labels, meaning }
}

/// Every metric, by name.
#[rustfmt::skip]
pub const METRICS: &[Metric] = &[
    counter("bb_answers_lost_total", &[], "Answers of handlers that could not be sent."),
    counter("bb_answers_replayed_total", &["method"], "Answers given again to an idempotency key."),
    counter("bb_answers_unkept_total", &["method"], "Answers to idempotency keys that could not be kept."),
    counter("bb_breaker_refused_total", &["method"], "Calls that an open breaker held back."),
    gauge("bb_breaker_state", &["method"], "0 closed, 1 half open, 2 open; absent until it first opens. `shared-store` is where processes share answers."),
    gauge("bb_cache_bytes", &["service"], "Bytes that kept answers take, about."),
    gauge("bb_cache_entries", &["service"], "Answers that are kept, about."),
    counter("bb_cache_hits_total", &["method", "tier"], "Calls answered without a call: from the process, with `stale` while the next answer is fetched, with `negative` if it is NOT_FOUND, or from those that processes share."),
    counter("bb_cache_invalidations_total", &["method"], "Events that ended kept answers."),
    counter("bb_cache_joined_total", &["method"], "Calls that waited for the answer to another."),
    counter("bb_cache_misses_total", &["method"], "Answers that had to be fetched."),
    counter("bb_cache_store_failures_total", &[], "Times that the store of shared answers was too slow or failed."),
    gauge("bb_calls_in_flight", &["service"], "Unary calls that wait for their answer."),
    times("bb_calls_seconds", &["method", "code"], "Calls as their caller saw them, retries and hedges included; a stream lasts to its end, and a call that is dropped counts as CANCELLED."),
    counter("bb_canary_failures_total", &["bucket"], "Test writes that a bucket did not take."),
    times("bb_canary_seconds", &["bucket"], "Test writes that a bucket took."),
    counter("bb_compressed_bytes_total", &["side"], "Bytes of messages that were compressed: `before`, and `after`."),
    counter("bb_connections_total", &["role"], "Connections made; all but the first of a role are reconnections."),
    gauge("bb_connections_up", &["service", "role"], "Connections over which messages flow; as many as BB_CONNECTIONS says while all is well."),
    gauge("bb_consumer_lag", &["consumer"], "Events that were waiting for the consumer when it was last given one."),
    counter("bb_dead_letters_total", &["consumer"], "Events given up and kept as dead letters."),
    counter("bb_departures_total", &["service"], "Times that the instance left its queue groups because it was not well."),
    counter("bb_disconnects_total", &["role"], "Connections that broke."),
    times("bb_events_published_seconds", &["event", "code"], "Events published, until their stream had them."),
    times("bb_events_seconds", &["consumer", "outcome"], "Events handled, by what became of them: done, again, or dead."),
    counter("bb_handler_panics_total", &["method"], "Handlers that panicked."),
    gauge("bb_handlers_in_flight", &["service"], "Calls that are being handled."),
    times("bb_handlers_seconds", &["method", "code"], "Calls as their handler saw them, from arrival to answer."),
    counter("bb_handovers_total", &["role"], "Servers that were left for another one before they stopped, without a gap."),
    counter("bb_hedges_total", &["method"], "Calls made beside one that dawdled."),
    counter("bb_incompressible_bytes_total", &[], "Bytes of long messages that were sent as they are, because compressing them saves less than a tenth."),
    counter("bb_index_added_total", &["bucket"], "Values that were written by who didn't know an index, and have their entries now."),
    gauge("bb_index_ready", &["bucket"], "1 while values are found by what they say, 0 while lookups wait for that."),
    counter("bb_index_skipped_total", &["bucket"], "Values that aren't found by what they say: another one says the same, or they can't be read."),
    counter("bb_keys_reloads_total", &["outcome"], "Files of keys that had changed, by what became of them: loaded, or refused while the old keys stay."),
    times("bb_lag_seconds", &["service"], "How late a task that slept was woken; with BB_EJECT only."),
    counter("bb_lame_duck_total", &["role"], "Servers that said they are about to stop."),
    counter("bb_late_replies_total", &[], "Answers that came after their caller had given up."),
    gauge("bb_limit", &["method"], "Calls that may be in flight, where that follows their times; absent until it first changes."),
    gauge("bb_member", &["service"], "1 while the instance is in its queue groups, 0 while it has left them; with BB_EJECT only."),
    counter("bb_messages_in_pieces_total", &["side"], "Requests and answers that one message couldn't hold: `sent`, and `received`."),
    counter("bb_messages_lost_total", &["role"], "Messages for a subscription that was gone; never in a drain."),
    gauge("bb_outbox_age", &["bucket"], "Seconds that the oldest event in an outbox has waited; 0 on instances that don't publish it."),
    counter("bb_outbox_failures_total", &["bucket"], "Attempts to publish an event that waits in an outbox and failed."),
    counter("bb_outbox_published_total", &["bucket"], "Events that went out of an outbox."),
    counter("bb_outbox_refused_total", &["bucket"], "Events that their stream will never take, put aside in the bucket until somebody puts them back."),
    gauge("bb_outbox_rows", &["bucket"], "Events that wait in an outbox, about; 0 on instances that don't publish it."),
    counter("bb_parts_sent_total", &[], "Parts of frames, and of requests and answers in pieces."),
    times("bb_queue_seconds", &["method"], "Waits from a request's arrival to its handler's first step, of handlers that get a task of their own."),
    gauge("bb_ready", &[], "1 while the process is ready, else 0."),
    counter("bb_requests_expired_total", &["method"], "Requests that had expired when they arrived."),
    counter("bb_requests_expired_unsent_total", &[], "Requests dropped from the write buffer because they had expired."),
    counter("bb_requests_refused_total", &["method"], "Requests refused for their reply subject."),
    counter("bb_requests_shed_total", &["method"], "Requests refused because too many were in flight."),
    counter("bb_retries_denied_total", &["method"], "Calls not made again because the budget was used up."),
    counter("bb_retries_total", &["method"], "Calls made again."),
    counter("bb_sensitive_clear_total", &["what"], "Sensitive fields that came in the clear and were taken, by method or stored message."),
    counter("bb_sensitive_refused_total", &["what", "reason"], "Messages refused for a sensitive field, by method or stored message: malformed, unknown_key, clear, forged, or too_long."),
    counter("bb_server_errors_total", &["role"], "Complaints of the server, such as of permissions."),
    counter("bb_sink_panics_total", &[], "Receivers of messages that panicked."),
    counter("bb_stream_messages_refused_total", &[], "Messages that are no part of their stream."),
    gauge("bb_streams_open", &["service"], "Streams that are open, of both sides."),
    counter("bb_write_buffer_full_total", &[], "Messages refused because too much waits to be written."),
];

/// Tells the recorder what each metric means.
pub(super) fn describe() {
    for Metric { name, kind, labels: _, meaning } in METRICS {
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *meaning),
            Kind::Gauge => metrics::describe_gauge!(*name, *meaning),
            Kind::Times => metrics::describe_histogram!(*name, Unit::Seconds, *meaning),
        }
    }
}

#[cfg(test)]
mod tests;
