//! What schemas say as it is written: every element with its options and its place, nothing resolved yet.
//!
//! Rules read it beside the model, because a mistake has no place in a model.

mod element;
mod place;
mod uses;

use std::collections::BTreeMap;

use prost_reflect::{DescriptorPool, FileDescriptor};

use super::compile::{STAND_IN, Sources};
use super::locate::Locations;
use super::option::{self, Level, Levels};
use crate::input::Input;

pub(crate) use prost_reflect::prost_types::method_options::IdempotencyLevel;

pub(crate) use element::{Element, Enumeration, Field, Message, Method, Service, Value};

/// Tag of the package in a file's descriptor.
const PACKAGE: i32 = 2;
/// Tag of the syntax in a file's descriptor.
const SYNTAX: i32 = 12;

/// Every file, of the workspace or imported.
#[derive(Debug)]
pub(crate) struct Survey {
    /// Files of the workspace that rules judge, by name.
    pub(crate) files: Vec<File>,
    /// Every message of every file, imported ones included, by full name.
    pub(crate) messages: BTreeMap<String, Message>,
    /// Every enum of every file, imported ones included, by full name.
    pub(crate) enums: BTreeMap<String, Enumeration>,
    /// Whether every file of the workspace is here. If not, a name that is missing may be in one that is not.
    pub(crate) complete: bool,
    /// Locations of each file, by name.
    locations: BTreeMap<String, Locations>,
    levels: Levels,
}

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    /// Package, or nothing.
    pub(crate) package: String,
    /// Comment of the package statement.
    pub(crate) docs: String,
    /// Options as written.
    pub(crate) options: option::File,
    /// Where it is.
    pub(crate) element: Element,
    /// Services in the order of declaration.
    pub(crate) services: Vec<Service>,
    /// Full names of its messages in the order of declaration, each before those inside it.
    pub(crate) messages: Vec<String>,
    /// Full names of its enums in the order of declaration, nested ones included.
    pub(crate) enums: Vec<String>,
}

impl Survey {
    /// Reads everything that linked.
    pub(crate) fn new(
        input: &Input,
        pool: &DescriptorPool,
        sources: &Sources,
        complete: bool,
    ) -> Self {
        let mut survey = Self {
            files: Vec::new(),
            messages: BTreeMap::new(),
            enums: BTreeMap::new(),
            complete,
            locations: BTreeMap::new(),
            levels: Levels::new(pool, &input.options_package),
        };
        for descriptor in pool.files() {
            let text = sources.text(descriptor.name());
            let locations = Locations::new(descriptor.file_descriptor_proto(), &text);
            survey.locations.insert(descriptor.name().to_owned(), locations);
            let own =
                sources.is_own(descriptor.name()) && !input.is_foreign(descriptor.package_name());
            let file = survey.file(&descriptor);
            if own {
                survey.files.push(file);
            }
        }
        survey.files.sort_by(|a, b| a.element.file.cmp(&b.element.file));
        survey
    }

    fn file(&mut self, descriptor: &FileDescriptor) -> File {
        let element = Element::of_file(descriptor);
        let mut messages = Vec::new();
        let mut enums = Vec::new();
        for message in descriptor.messages().filter(|message| message.name() != STAND_IN) {
            self.message(&message, &mut messages, &mut enums);
        }
        for enumeration in descriptor.enums() {
            self.enumeration(&enumeration, &mut enums);
        }
        let options = option::read(&descriptor.options(), self.levels.get(Level::File));
        File {
            package: descriptor.package_name().to_owned(),
            docs: self.locations[&element.file].docs(&[PACKAGE]),
            options: options.unwrap_or_default(),
            services: descriptor.services().map(|service| self.service(&service)).collect(),
            element,
            messages,
            enums,
        }
    }

    /// Judged files of a package.
    pub(crate) fn files_of(&self, package: &str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.package == package)
    }

    /// Services of every judged file.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&File, &Service)> {
        self.files.iter().flat_map(|file| file.services.iter().map(move |service| (file, service)))
    }

    /// Messages of every judged file.
    pub(crate) fn own_messages(&self) -> impl Iterator<Item = (&File, &Message)> {
        self.files.iter().flat_map(|file| {
            let messages = file.messages.iter().filter_map(|name| self.messages.get(name));
            messages.map(move |message| (file, message))
        })
    }

    /// Events of every judged file.
    pub(crate) fn events(&self) -> impl Iterator<Item = (&File, &Message, &option::Event)> {
        self.own_messages().filter_map(|(file, message)| {
            message.event.as_ref().map(|event| (file, message, event))
        })
    }

    /// Streams of every judged file, with their indices.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (&File, usize, &option::Stream)> {
        self.files.iter().flat_map(|file| {
            let streams = file.options.streams.iter().enumerate();
            streams.map(move |(index, stream)| (file, index, stream))
        })
    }

    /// Buckets of every judged service, with their indices.
    pub(crate) fn buckets(
        &self,
    ) -> impl Iterator<Item = (&File, &Service, usize, &option::Bucket)> {
        self.services().flat_map(|(file, service)| {
            let buckets = service.options.buckets.iter().enumerate();
            buckets.map(move |(index, bucket)| (file, service, index, bucket))
        })
    }

    /// Finds a message by its full name, or by its name in a package.
    pub(crate) fn find_message(&self, package: &str, name: &str) -> Option<&Message> {
        let name = name.strip_prefix('.').unwrap_or(name);
        self.messages.get(&format!("{package}.{name}")).or_else(|| self.messages.get(name))
    }
}
