//! Places of elements and of what their options say.

use super::element::Element;
use super::{PACKAGE, SYNTAX, Survey};
use crate::diagnostic::Place;
use crate::schema::option::Level;
use crate::schema::scan::{self, Step};

impl Survey {
    /// The name of an element; of a file, its package statement.
    pub(crate) fn name(&self, element: &Element) -> Place {
        if element.path.is_empty() {
            return self.first(element, &[&[PACKAGE], &[SYNTAX]]);
        }
        let mut path = element.path.clone();
        path.push(1);
        self.first(element, &[&path, &element.path])
    }

    /// One value inside an element's options, such as `timeout` or `buckets[0].ttl`: as close as can be told, at worst
    /// the element's name.
    pub(crate) fn option(&self, element: &Element, path: &str) -> Place {
        self.value(element, element.level, path)
    }

    fn value(&self, element: &Element, level: Level, path: &str) -> Place {
        let steps = scan::steps(path);
        let locations = &self.locations[&element.file];
        for (numbers, rest) in self.prefixes(element, level, &steps) {
            let Some(span) = locations.span(&numbers) else { continue };
            let inner = scan::find(locations.text(), span.clone(), rest);
            let Some(span) = inner else { break };
            return Place { file: element.file.clone(), span };
        }
        self.name(element)
    }

    /// A part of the text at [`Self::option`], such as one token of a subject.
    pub(crate) fn part(&self, element: &Element, path: &str, part: &str) -> Place {
        self.within(self.option(element, path), part)
    }

    /// A part of what a method's route over HTTP says, such as a variable of its path.
    pub(crate) fn http(&self, method: &Element, path: &str, part: &str) -> Place {
        self.within(self.value(method, Level::Http, path), part)
    }

    fn within(&self, place: Place, part: &str) -> Place {
        let text = self.locations[&place.file].text();
        let found = text.get(place.span.clone()).filter(|_| !part.is_empty());
        let Some(at) = found.and_then(|text| text.find(part)) else { return place };
        let start = place.span.start + at;
        Place { file: place.file, span: start..start + part.len() }
    }

    /// What an element says at a tag of its descriptor, at worst the element's name.
    pub(super) fn tagged(&self, element: &Element, tag: i32) -> Place {
        let [path, name] = [tag, 1].map(|tag| [&element.path[..], &[tag]].concat());
        self.first(element, &[&path, &name, &element.path])
    }

    /// A standard option, by its number.
    pub(crate) fn standard(&self, element: &Element, number: i32) -> Place {
        let mut path = element.path.clone();
        path.extend([element.level.tag(), number]);
        self.first(element, &[&path, &element.path])
    }

    fn first(&self, element: &Element, paths: &[&[i32]]) -> Place {
        let locations = &self.locations[&element.file];
        let span = paths.iter().find_map(|path| locations.span(path));
        Place { file: element.file.clone(), span: span.unwrap_or(0..0) }
    }

    /// Paths that may lead to an option, the longest first, each with the steps that it leaves.
    fn prefixes<'a>(
        &self,
        element: &Element,
        level: Level,
        steps: &'a [Step<'a>],
    ) -> Vec<(Vec<i32>, &'a [Step<'a>])> {
        let mut path = element.path.clone();
        path.push(level.tag());
        let Some(level) = self.levels.get(level) else { return Vec::new() };
        path.push(level.number().cast_signed());
        let mut message = level.kind().as_message().cloned();
        let mut list = vec![(path.clone(), steps)];
        for (index, step) in steps.iter().enumerate() {
            match step {
                Step::Field(name) => {
                    let field = message.and_then(|message| message.get_field_by_name(name));
                    let Some(field) = field else { break };
                    path.push(field.number().cast_signed());
                    message = field.kind().as_message().cloned();
                }
                Step::Index(index) => path.push(i32::try_from(*index).unwrap_or(i32::MAX)),
            }
            list.push((path.clone(), &steps[index + 1..]));
        }
        list.reverse();
        list
    }
}
