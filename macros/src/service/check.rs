//! Compares an `impl` with the schema: every mistake is found, each is told once.

use syn::spanned::Spanned as _;
use syn::{Error, Ident, ImplItem, ImplItemFn, ItemImpl, Path};

use super::suggest;
use super::table::{Method, Table};
use crate::options::Options;
use crate::service::signature;

/// What is left of an `impl` after the check, and what was wrong with it.
pub(super) struct Verdict {
    /// The `impl`, with only its sound methods.
    pub(super) item: ItemImpl,
    pub(super) trait_path: Path,
    /// Indices of the methods that have to be made up: left out, or unsound.
    pub(super) absent: Vec<usize>,
    pub(super) errors: Vec<Error>,
}

impl Verdict {
    /// Judges an `impl`.
    pub(super) fn reach(table: &Table, options: &Options, mut item: ItemImpl) -> Self {
        let mut errors = options.unknown.clone();
        let trait_path = match &item.trait_ {
            Some((path, _)) => path.clone(),
            None => Path::from(table.name.clone()),
        };
        let items = std::mem::take(&mut item.items);
        let mut walk =
            Walk { table, written: vec![false; table.methods.len()], unknown: Vec::new() };
        let mut sound = vec![false; table.methods.len()];
        for part in items {
            match walk.judge(part) {
                Ok((index, function)) => {
                    sound[index] = true;
                    item.items.push(ImplItem::Fn(function));
                }
                Err(Some(error)) => errors.push(error),
                Err(None) => {}
            }
        }
        errors.extend(walk.misnamed());
        // An unknown option may have been `partial`, misspelt.
        if !options.partial && options.unknown.is_empty() {
            errors.extend(walk.missing(&trait_path, &item));
        }
        let absent = (0..sound.len()).filter(|index| !sound[*index]).collect();
        Self { item, trait_path, absent, errors }
    }
}

struct Walk<'a> {
    table: &'a Table,
    /// Which methods somebody wrote, or meant to write.
    written: Vec<bool>,
    /// Functions that are no method of the schema.
    unknown: Vec<Ident>,
}

impl Walk<'_> {
    /// Finds the method that an item is, and its mistakes.
    fn judge(&mut self, part: ImplItem) -> Result<(usize, ImplItemFn), Option<Error>> {
        let function = match part {
            ImplItem::Fn(function) => function,
            other => return Err(Some(self.not_a_method(&other))),
        };
        let index = self.table.methods.iter().position(|method| method.ident == function.sig.ident);
        let Some(index) = index else {
            self.unknown.push(function.sig.ident);
            return Err(None);
        };
        self.written[index] = true;
        signature::check(&self.table.methods[index], &function.sig)?;
        Ok((index, function))
    }

    fn not_a_method(&self, part: &ImplItem) -> Error {
        let name = &self.table.name;
        let text = format!(
            "`impl {name}` holds the methods of the schema only; move this to an `impl` of its own"
        );
        Error::new(part.span(), text)
    }

    /// Names for each unknown function the method that was meant. That one doesn't count as missing then.
    fn misnamed(&mut self) -> Vec<Error> {
        let Self { table, written, unknown } = self;
        let mut errors = Vec::new();
        for ident in unknown {
            let free = (0..written.len()).filter(|index| !written[*index]).collect::<Vec<_>>();
            let keys = |index: &usize| {
                let Method { ident, proto, .. } = &table.methods[*index];
                vec![ident.to_string(), proto.clone()]
            };
            let name = &table.name;
            let hint = if let Some(index) = suggest::nearest(&ident.to_string(), &free, keys) {
                written[*index] = true;
                format!("did you mean {}?", table.methods[*index].label())
            } else {
                let all = labels(table.methods.iter());
                format!("its methods are {all}; move anything else to an `impl` of its own")
            };
            let text = format!("`{ident}` is not a method of {name}; {hint}");
            errors.push(Error::new(ident.span(), text));
        }
        errors
    }

    fn missing(&self, trait_path: &Path, item: &ItemImpl) -> Option<Error> {
        let methods = self.table.methods.iter().zip(&self.written);
        let left: Vec<_> =
            methods.filter(|(_, written)| !**written).map(|(method, _)| method).collect();
        if left.is_empty() {
            return None;
        }
        let ty = &item.self_ty;
        let ty = quote::quote!(#ty).to_string();
        let name = &self.table.name;
        let all = labels(left.iter().copied());
        let it = if left.len() == 1 { "it" } else { "them" };
        Some(Error::new(
            trait_path.span(),
            format!(
                "`{ty}` lacks {all} of {name}; write {it}, or let {it} answer UNIMPLEMENTED with \
                 `#[service(partial)]`"
            ),
        ))
    }
}

fn labels<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    methods.map(Method::label).collect::<Vec<_>>().join(", ")
}
