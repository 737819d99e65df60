//! What prost's code lacks: deprecated messages and enums, and `Debug` that keeps secrets.

use std::collections::BTreeMap;

use prost_reflect::prost_types::DescriptorProto;
use syn::{Attribute, Item, parse_quote};

use super::redact;
use crate::emit::{Context, deprecation};
use crate::schema::ident::{camel, snake};
use crate::schema::model::{Package, Redacted};

/// What is to be added to the types of a package, by their path inside it.
#[derive(Default)]
pub(super) struct Notes<'a>(BTreeMap<Vec<String>, Note<'a>>);

#[derive(Default)]
struct Note<'a> {
    deprecated: bool,
    /// How `Debug` is written, where prost must not derive it.
    debug: Option<Debug<'a>>,
}

enum Debug<'a> {
    Message(&'a Redacted),
    Oneof { secret: bool },
}

impl<'a> Notes<'a> {
    pub(super) fn new(context: &Context<'_>, package: &'a Package) -> Self {
        let mut notes = Self::default();
        for file in super::own_files(context, package) {
            let deprecated = file.enum_type.iter().filter(|item| deprecation::of_enum(item));
            deprecated.for_each(|item| notes.at(&[], camel(item.name())).deprecated = true);
            file.message_type.iter().for_each(|message| notes.message(&[], message, package));
        }
        notes
    }

    fn message(&mut self, parents: &[String], message: &DescriptorProto, package: &'a Package) {
        let path = [parents, &[camel(message.name())]].concat();
        let inside = [parents, &[snake(message.name())]].concat();
        self.at(parents, camel(message.name())).deprecated = deprecation::of_message(message);
        if let Some(redacted) =
            package.redacted.iter().find(|redacted| redacted.message.path == path)
        {
            self.at(parents, camel(message.name())).debug = Some(Debug::Message(redacted));
            self.oneofs(&inside, message, redacted);
        }
        for item in message.enum_type.iter().filter(|item| deprecation::of_enum(item)) {
            self.at(&inside, camel(item.name())).deprecated = true;
        }
        message.nested_type.iter().for_each(|nested| self.message(&inside, nested, package));
    }

    fn oneofs(&mut self, inside: &[String], message: &DescriptorProto, redacted: &Redacted) {
        for oneof in &message.oneof_decl {
            let ident = snake(oneof.name());
            let secret = redacted.fields.iter().any(|(name, secret)| *name == ident && *secret);
            let nested = message.nested_type.iter().map(|it| camel(it.name()));
            let taken = nested.chain(message.enum_type.iter().map(|it| camel(it.name())));
            let name = camel(oneof.name());
            // prost's own way out when a oneof is called like a type beside it.
            let name =
                if taken.into_iter().any(|it| it == name) { format!("{name}OneOf") } else { name };
            self.at(inside, name).debug = Some(Debug::Oneof { secret });
        }
    }

    fn at(&mut self, parents: &[String], name: String) -> &mut Note<'a> {
        self.0.entry([parents, &[name]].concat()).or_default()
    }

    /// Adds what is missing, and moves nested modules behind the `impl` that prost puts after them.
    pub(super) fn annotate(&self, items: &mut Vec<Item>) {
        self.annotate_below(&[], items);
    }

    fn annotate_below(&self, parents: &[String], items: &mut Vec<Item>) {
        let mut out = Vec::with_capacity(items.len());
        let mut modules = Vec::new();
        for mut item in items.drain(..) {
            let debug = self.annotate_item(parents, &mut item);
            match item {
                Item::Mod(_) => modules.push(item),
                Item::Impl(_) => {
                    out.push(item);
                    out.append(&mut modules);
                }
                _ => {
                    out.append(&mut modules);
                    out.push(item);
                }
            }
            out.extend(debug);
        }
        out.append(&mut modules);
        *items = out;
    }

    fn annotate_item(&self, parents: &[String], item: &mut Item) -> Option<Item> {
        match item {
            Item::Mod(module) => {
                let inside = [parents, &[module.ident.to_string()]].concat();
                let content = module.content.as_mut();
                if let Some((_, items)) = content {
                    self.annotate_below(&inside, items);
                }
                None
            }
            Item::Struct(item) => {
                let note = self.0.get(&[parents, &[item.ident.to_string()]].concat())?;
                note.mark(&mut item.attrs);
                match note.debug.as_ref()? {
                    Debug::Message(redacted) => Some(redact::message(&item.ident, redacted)),
                    Debug::Oneof { .. } => None,
                }
            }
            Item::Enum(item) => {
                let note = self.0.get(&[parents, &[item.ident.to_string()]].concat())?;
                note.mark(&mut item.attrs);
                match note.debug.as_ref()? {
                    Debug::Oneof { secret } => Some(redact::oneof(item, *secret)),
                    Debug::Message(_) => None,
                }
            }
            _ => None,
        }
    }
}

impl Note<'_> {
    fn mark(&self, attributes: &mut Vec<Attribute>) {
        if self.debug.is_some() {
            attributes.push(parse_quote! { #[prost(skip_debug)] });
        }
        if self.deprecated {
            let docs =
                attributes.iter().take_while(|attribute| attribute.path().is_ident("doc")).count();
            attributes.insert(docs, parse_quote! { #[deprecated] });
        }
    }
}
