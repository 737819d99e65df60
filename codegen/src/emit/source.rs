//! A generated Rust file: header, documentation, imports, items.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use super::files::MARKER;
use super::{docs, format, layout};
use crate::schema::model::Package;

/// A Rust file in the making.
#[derive(Debug)]
pub(crate) struct Source {
    header: String,
    docs: Vec<String>,
    inner: TokenStream,
    imports: BTreeMap<String, BTreeSet<String>>,
    items: TokenStream,
    parsed: Vec<syn::Item>,
    tail: String,
}

impl Source {
    pub(crate) fn new(package: &Package) -> Self {
        Self {
            header: header("//", &origin(package)),
            docs: Vec::new(),
            inner: TokenStream::new(),
            imports: BTreeMap::new(),
            items: TokenStream::new(),
            parsed: Vec::new(),
            tail: String::new(),
        }
    }

    /// Documents the file as a module.
    pub(crate) fn docs(mut self, comment: &str) -> Self {
        self.docs = docs::lines(comment);
        self
    }

    /// Adds an inner attribute.
    pub(crate) fn inner(mut self, attribute: TokenStream) -> Self {
        self.inner.extend(attribute);
        self
    }

    /// Imports names of a module.
    pub(crate) fn import<'a>(
        mut self,
        module: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let module = module.strip_prefix("::").unwrap_or(module);
        self.imports
            .entry(module.to_owned())
            .or_default()
            .extend(names.into_iter().map(str::to_owned));
        self
    }

    /// Imports what a [`super::names::Names`] gathered.
    pub(crate) fn imports(mut self, imports: BTreeMap<String, BTreeSet<String>>) -> Self {
        for (module, names) in imports {
            self = self.import(&module, names.iter().map(String::as_str));
        }
        self
    }

    /// Appends items.
    pub(crate) fn items(mut self, items: impl ToTokens) -> Self {
        items.to_tokens(&mut self.items);
        self
    }

    /// Appends items that are parsed already.
    pub(crate) fn parsed(mut self, items: Vec<syn::Item>) -> Self {
        self.parsed.extend(items);
        self
    }

    /// Appends text that is formatted already, after every item.
    pub(crate) fn tail(mut self, text: &str) -> Self {
        self.tail.push('\n');
        self.tail.push_str(text);
        self
    }

    /// Writes the file.
    pub(crate) fn text(self) -> String {
        let mut out = self.header;
        out.push('\n');
        for line in &self.docs {
            out.push_str(format!("//! {line}").trim_end());
            out.push('\n');
        }
        if !self.docs.is_empty() {
            out.push('\n');
        }
        let imports = ordered(&self.imports);
        let (inner, items) = (self.inner, self.items);
        let mut file = format::parsed(&quote! { #inner #(#imports)* #items });
        file.items.extend(self.parsed);
        out.push_str(&format::file_text(&file));
        out.push_str(&self.tail);
        out
    }
}

/// The line that every generated file begins with.
pub(crate) fn header(comment: &str, origin: &str) -> String {
    format!("{comment} {MARKER} from {origin}. Edit the schema, then run the generator.\n")
}

/// What a package was read from: its file, or the folder of its files.
pub(crate) fn origin(package: &Package) -> String {
    match package.files.as_slice() {
        [] => package.name.clone(),
        [file] => file.clone(),
        [file, ..] => file.rsplit_once('/').map_or(file.clone(), |(folder, _)| folder.to_owned()),
    }
}

/// Imports of the standard library first, then of other crates, then of this one.
fn ordered(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<TokenStream> {
    let rank = |module: &str| match module.split("::").next() {
        Some("std") => 0,
        Some("crate" | "super") => 2,
        _ => 1,
    };
    let mut sorted: Vec<_> = imports.iter().filter(|(_, names)| !names.is_empty()).collect();
    // As rustfmt sorts: `a::b::{..}` before `a::{..}`.
    sorted.sort_by_key(|(module, _)| (rank(module), format!("{module}::{{")));
    let imported = |(module, names): (&String, &BTreeSet<String>)| {
        let module = tokens(module);
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        import(&quote! { use #module }, &names)
    };
    sorted.into_iter().map(imported).collect()
}

/// Names items of a module, as `use` or `pub use` does; nothing where there are none.
pub(crate) fn import(from: &TokenStream, names: &[&str]) -> TokenStream {
    let names: Vec<_> = names.iter().map(|name| ident(name)).collect();
    match names.as_slice() {
        [] => TokenStream::new(),
        [name] => quote! { #from::#name; },
        names => quote! { #from::{#(#names),*}; },
    }
}

/// Makes an identifier, raw if it says so.
pub(crate) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(plain) => Ident::new_raw(plain, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}

/// Makes an identifier with a prefix, which no keyword has.
pub(crate) fn prefixed(prefix: &str, name: &str) -> Ident {
    ident(&format!("{prefix}{}", layout::plain(name)))
}

/// Reads a path or another piece of Rust that the generator itself wrote.
///
/// # Panics
/// When it is no Rust: a bug, or a setting that is no path.
pub(crate) fn tokens(text: &str) -> TokenStream {
    match text.parse() {
        Ok(tokens) => tokens,
        Err(error) => panic!("`{text}` is no Rust path: {error}"),
    }
}
