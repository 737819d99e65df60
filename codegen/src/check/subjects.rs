//! Every subject that a workspace uses, with its place.

use std::collections::BTreeMap;

use super::pattern::Pattern;
use crate::diagnostic::Place;
use crate::schema::model::Model;
use crate::schema::survey::Survey;
use crate::schema::template::{Piece, pieces};

/// Every subject of methods, events and streams. Subjects that can't be read are left out: other rules say why.
pub(super) struct Subjects {
    pub(super) methods: Vec<MethodSubject>,
    pub(super) events: Vec<Subject>,
    pub(super) streams: Vec<Subject>,
}

/// A subject and who uses it.
pub(super) struct Subject {
    pub(super) text: String,
    pub(super) pattern: Pattern,
    /// Who uses it, such as `method acme.zoo.v1.ZooService.Feed`.
    pub(super) user: String,
    pub(super) place: Place,
}

/// A subject that requests go to.
pub(super) struct MethodSubject {
    pub(super) subject: Subject,
    pub(super) queue_group: String,
}

impl Subjects {
    pub(super) fn new(survey: &Survey, model: &Model) -> Self {
        Self { methods: methods(survey, model), events: events(survey), streams: streams(survey) }
    }

    /// Subjects that requests go to.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Subject> {
        self.methods.iter().map(|method| &method.subject)
    }
}

fn methods(survey: &Survey, model: &Model) -> Vec<MethodSubject> {
    let resolved = model.packages.iter().flat_map(|package| &package.services);
    let resolved = resolved.flat_map(|service| &service.methods);
    let resolved: BTreeMap<_, _> = resolved.map(|it| (it.full_name.as_str(), it)).collect();
    let written = survey
        .services()
        .flat_map(|(_, service)| service.methods.iter().map(move |method| (service, method)));
    let subjects = written.filter_map(|(service, written)| {
        let method = resolved.get(written.full_name.as_str())?;
        if service.options.subject.is_empty() {
            return None;
        }
        let text = &method.subject.text;
        let subject = Subject {
            text: text.clone(),
            pattern: readable(text)?,
            user: format!("method `{}`", written.full_name),
            place: survey.option(&written.element, "operation"),
        };
        let queue_group = method.queue_group.clone();
        Some(MethodSubject { subject, queue_group })
    });
    subjects.collect()
}

fn events(survey: &Survey) -> Vec<Subject> {
    let events = survey.events().filter_map(|(_, message, event)| {
        Some(Subject {
            text: event.subject.clone(),
            pattern: readable(&event.subject)?,
            user: format!("event `{}`", message.full_name),
            place: survey.option(&message.element, "subject"),
        })
    });
    events.collect()
}

fn streams(survey: &Survey) -> Vec<Subject> {
    let streams = survey.streams().flat_map(|(file, index, stream)| {
        stream.subjects.iter().enumerate().filter_map(move |(at, text)| {
            let path = format!("streams[{index}].subjects[{at}]");
            Some(Subject {
                text: text.clone(),
                pattern: Pattern::parse(text)?,
                user: format!("stream `{}`", stream.name),
                place: survey.option(&file.element, &path),
            })
        })
    });
    streams.collect()
}

fn readable(text: &str) -> Option<Pattern> {
    let pieces = pieces(text);
    if pieces.iter().any(|piece| matches!(piece, Piece::Bad(..))) {
        return None;
    }
    Pattern::parse(text)
}
