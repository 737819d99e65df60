//! What annotated files say, for the rules that only we have.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use prost_reflect::prost_types::FileDescriptorProto;

use super::nodes::File;
use crate::schema::image::Image;
use crate::schema::survey::{self, Enumeration, Message, Service, Survey};

/// Files that import the options, read when a rule asks.
pub(super) struct Annotated<'a> {
    image: &'a Image,
    files: BTreeMap<&'a str, &'a File<'a>>,
    survey: OnceCell<Survey>,
}

impl<'a> Annotated<'a> {
    pub(super) fn new(image: &'a Image, files: &'a [File<'a>]) -> Self {
        let package = image.input().options_package;
        let options = image.files().filter(|file| file.package() == package);
        let options: Vec<_> = options.map(FileDescriptorProto::name).collect();
        let annotated = files.iter().filter(|file| {
            file.proto.dependency.iter().any(|import| options.contains(&import.as_str()))
        });
        let files = annotated.map(|file| (file.proto.name(), file)).collect();
        Self { image, files, survey: OnceCell::new() }
    }

    /// Everything that is written, in other files as well.
    pub(super) fn survey(&self) -> &Survey {
        let read =
            || Survey::new(&self.image.input(), self.image.pool(), self.image.sources(), true);
        self.survey.get_or_init(read)
    }

    /// Annotated files; nothing is read where there are none.
    fn surveyed(&self) -> impl Iterator<Item = &survey::File> {
        let files = if self.files.is_empty() { &[] } else { self.survey().files.as_slice() };
        files.iter().filter(|file| self.files.contains_key(file.element.file.as_str()))
    }

    pub(super) fn services(&self) -> impl Iterator<Item = (&survey::File, &Service)> {
        self.surveyed().flat_map(|file| file.services.iter().map(move |service| (file, service)))
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        let names = self.surveyed().flat_map(|file| &file.messages);
        names.filter_map(|name| self.survey().messages.get(name))
    }

    pub(super) fn enums(&self) -> impl Iterator<Item = &Enumeration> {
        let names = self.surveyed().flat_map(|file| &file.enums);
        names.filter_map(|name| self.survey().enums.get(name))
    }

    /// The file by its name, if it is annotated.
    pub(super) fn file(&self, name: &str) -> Option<&'a File<'a>> {
        self.files.get(name).copied()
    }
}
