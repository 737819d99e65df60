//! What provisioning would change, and what that would cost.

use std::fmt;
use std::time::Duration;

use super::config::covered;
use super::{Provisioned, StreamConfig, StreamSource, TakenOver};
use crate::status::{Result, Status};

/// What provisioning would do to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It isn't there.
    Create,
    /// It is different.
    Change(Vec<Difference>),
    /// It is as it should be.
    Keep,
}

/// In what a live stream differs from its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs, such as `max age`.
    pub what: &'static str,
    /// How it is.
    pub from: String,
    /// How it should be.
    pub to: String,
    /// What becoming so does.
    pub harm: Harm,
}

/// What a change does to what a stream holds, or promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// Nothing.
    None,
    /// It takes something away, as told.
    Destroys(&'static str),
    /// No server makes it: the stream has to be copied and deleted.
    Impossible,
}

/// Whether provisioning may take something away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Destruction {
    /// It is refused.
    #[default]
    Refused,
    /// It is wanted.
    Wanted,
}

impl Plan {
    /// The differences that take something away or can't be made.
    pub fn harms(&self) -> impl Iterator<Item = &Difference> {
        let differences = match self {
            Self::Change(differences) => differences.as_slice(),
            Self::Create | Self::Keep => &[],
        };
        differences.iter().filter(|difference| difference.harm != Harm::None)
    }

    /// What carrying it out is.
    pub(super) fn done(&self) -> Provisioned {
        match self {
            Self::Create => Provisioned::Created,
            Self::Change(_) => Provisioned::Updated,
            Self::Keep => Provisioned::Unchanged,
        }
    }

    /// Whether it may be carried out.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when it takes something away that nobody wants to lose, or can't be made.
    pub fn permit(&self, stream: &str, destruction: Destruction) -> Result<()> {
        let stands = |difference: &&Difference| {
            difference.harm == Harm::Impossible || destruction == Destruction::Refused
        };
        let harms: Vec<_> = self.harms().filter(stands).map(Difference::to_string).collect();
        if harms.is_empty() {
            return Ok(());
        }
        Err(Status::failed_precondition(format!(
            "stream {stream}: {}; change the schema back, or allow destruction",
            harms.join("; ")
        )))
    }
}

/// `create`, `keep`, or a line for each difference.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => f.write_str("create"),
            Self::Keep => f.write_str("keep"),
            Self::Change(differences) => {
                let lines: Vec<_> = differences.iter().map(Difference::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, from, to, harm } = self;
        write!(f, "{what} {from} -> {to}")?;
        match harm {
            Harm::None => Ok(()),
            Harm::Destroys(what) => write!(f, ", which {what}"),
            Harm::Impossible => {
                f.write_str(", which no server changes: copy the stream, and delete it")
            }
        }
    }
}

/// In what a live stream that holds so many bytes differs from what is wanted.
pub(super) fn compare(live: &StreamConfig, wanted: &StreamConfig, bytes: u64) -> Plan {
    let mut all = Differences(Vec::new());
    let text = |storage| format!("{storage:?}").to_lowercase();
    all.note("storage", [live.storage, wanted.storage], text, Harm::Impossible);

    let [have, want] = [live, wanted].map(|config| sorted(config.subjects.clone()));
    let dropped = have.iter().any(|subject| !covered(&want, subject));
    let harm = destroys(dropped, "leaves what is published on some of them to nobody");
    all.note("subjects", [have, want], |subjects| subjects.join(" "), harm);

    let harm = destroys(is_less(live.max_age, wanted.max_age), "deletes what is older");
    all.note("max age", [live.max_age, wanted.max_age], age, harm);

    let harm = destroys(wanted.replicas < live.replicas, "gives copies up");
    all.note("replicas", [live.replicas, wanted.replicas], |replicas| replicas.to_string(), harm);

    let windows = [live, wanted].map(|config| config.duplicate_window);
    let harm = destroys(windows[1] < windows[0], "lets late repetitions in");
    all.note("window of ids", windows.map(Some), age, harm);

    let limits = [live, wanted].map(|config| config.limits.bytes);
    let too_many = limits[1].is_some_and(|most| bytes > most);
    all.note("max bytes", limits, limit, destroys(too_many, "deletes the oldest messages"));

    let limits = [live, wanted].map(|config| config.limits.messages_per_subject);
    let harm = destroys(is_less(limits[0], limits[1]), "deletes the oldest of each subject");
    all.note("messages a subject", limits, limit, harm);

    let [have, want] = [live, wanted].map(sources);
    let dropped = have.iter().any(|source| !want.contains(source));
    let harm = destroys(dropped, "ends the events of a bucket");
    all.note("sources", [have, want], |sources| sources.join(" "), harm);

    // What another configuration has noted stays.
    if wanted.taken_over.is_some() {
        let notes = [live, wanted].map(|config| config.taken_over.as_ref());
        let name = |event: Option<&TakenOver>| limit(event.map(|event| &event.stream));
        all.note("stream of its events", notes, name, Harm::None);
    }

    let kind = |is_bucket| if is_bucket { "bucket" } else { "stream" }.to_owned();
    all.note("kind", [live.bucket, wanted.bucket], kind, Harm::None);
    // What an operator has allowed beside it stays.
    if wanted.batches {
        let can = |batches| if batches { "yes" } else { "no" }.to_owned();
        all.note("batches and expiry of keys", [live.batches, true], can, Harm::None);
    }
    if all.0.is_empty() { Plan::Keep } else { Plan::Change(all.0) }
}

struct Differences(Vec<Difference>);

impl Differences {
    /// Notes what is and what should be, if they differ.
    fn note<T: PartialEq>(
        &mut self,
        what: &'static str,
        [live, wanted]: [T; 2],
        show: impl Fn(T) -> String,
        harm: Harm,
    ) {
        if live != wanted {
            self.0.push(Difference { what, from: show(live), to: show(wanted), harm });
        }
    }
}

fn destroys(does: bool, what: &'static str) -> Harm {
    if does { Harm::Destroys(what) } else { Harm::None }
}

/// Whether a limit is lower than another; none is the highest.
fn is_less<T: PartialOrd>(have: Option<T>, want: Option<T>) -> bool {
    match (have, want) {
        (Some(have), Some(want)) => want < have,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

fn sources(config: &StreamConfig) -> Vec<String> {
    let arrow = |source: &StreamSource| format!("{} as {}", source.bucket, source.destination);
    sorted(config.sources.iter().map(arrow).collect())
}

fn age(age: Option<Duration>) -> String {
    age.map_or_else(|| "for ever".to_owned(), |age| format!("{age:?}"))
}

fn limit<T: fmt::Display>(limit: Option<T>) -> String {
    limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::Limits;
    use crate::spec::Storage;

    fn stream() -> StreamConfig {
        StreamConfig {
            name: "EVENTS".to_owned(),
            subjects: vec!["evt.a".to_owned(), "evt.b.*".to_owned()],
            max_age: Some(Duration::from_mins(10)),
            storage: Storage::File,
            replicas: 3,
            duplicate_window: Duration::from_mins(2),
            limits: Limits { bytes: Some(1000), messages_per_subject: Some(64) },
            sources: vec![StreamSource { bucket: "b".to_owned(), destination: "evt.c".to_owned() }],
            bucket: false,
            batches: false,
            taken_over: None,
        }
    }

    /// What a change is called, and whether it is harmless.
    fn change(change: impl FnOnce(&mut StreamConfig)) -> (String, bool) {
        let mut wanted = stream();
        change(&mut wanted);
        let plan = compare(&stream(), &wanted, 500);
        let Plan::Change(differences) = &plan else { return (format!("{plan:?}"), true) };
        assert_eq!(differences.len(), 1, "{plan:?}");
        (differences[0].to_string(), plan.harms().next().is_none())
    }

    #[test]
    fn what_gives_more_is_harmless() {
        for (grow, words) in [
            (|it| it.subjects.reverse(), "Keep"),
            (|it| it.subjects = vec!["evt.>".to_owned()], "subjects evt.a evt.b.* -> evt.>"),
            (|it| it.max_age = None, "max age 600s -> for ever"),
            (|it| it.replicas = 5, "replicas 3 -> 5"),
            (|it| it.duplicate_window *= 2, "window of ids 120s -> 240s"),
            (|it| it.limits.bytes = Some(500), "max bytes 1000 -> 500"),
            (|it| it.limits.messages_per_subject = None, "messages a subject 64 -> none"),
            (|it| it.bucket = true, "kind stream -> bucket"),
            (|it| it.batches = true, "batches and expiry of keys no -> yes"),
        ] as [(fn(&mut StreamConfig), &str); 9]
        {
            assert_eq!(change(grow), (words.to_owned(), true));
        }
    }

    #[test]
    fn what_takes_away_says_what() {
        for (shrink, words) in [
            (|it| it.storage = Storage::Memory, "no server changes"),
            (|it| drop(it.subjects.pop()), "to nobody"),
            (|it| it.max_age = Some(Duration::from_mins(9)), "deletes what is older"),
            (|it| it.replicas = 1, "gives copies up"),
            (|it| it.duplicate_window /= 2, "late repetitions"),
            (|it| it.limits.bytes = Some(499), "deletes the oldest messages"),
            (|it| it.limits.messages_per_subject = Some(63), "the oldest of each subject"),
            (|it| it.sources.clear(), "ends the events"),
        ] as [(fn(&mut StreamConfig), &str); 8]
        {
            let (said, harmless) = change(shrink);
            assert!(said.contains(words) && !harmless, "{said}");
        }
    }

    #[test]
    fn a_flag_permits_what_takes_away_but_not_what_nobody_can_do() {
        let plan = |wanted: &StreamConfig| compare(&stream(), wanted, 0);
        let fewer = plan(&StreamConfig { replicas: 1, ..stream() });
        assert!(fewer.permit("EVENTS", Destruction::Refused).is_err());
        assert!(fewer.permit("EVENTS", Destruction::Wanted).is_ok());
        let moved = plan(&StreamConfig { storage: Storage::Memory, ..stream() });
        assert!(moved.permit("EVENTS", Destruction::Wanted).is_err());
    }

    #[test]
    fn a_note_of_events_is_added_and_never_taken_away() {
        let event = TakenOver { stream: "EVENTS".to_owned(), destination: "evt.c".to_owned() };
        let noted = StreamConfig { taken_over: Some(event), ..stream() };
        assert!(matches!(compare(&stream(), &noted, 0), Plan::Change(_)));
        assert_eq!(compare(&noted, &stream(), 0), Plan::Keep);
    }
}
