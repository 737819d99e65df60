//! Subjects of a package's events.

use quote::quote;

use super::source::Source;
use super::{Context, Files, subject};
use crate::schema::model::Package;

pub(super) fn emit(context: &Context<'_>, package: &Package, files: &mut Files) {
    if package.events.is_empty() {
        return;
    }
    let builders = package.events.iter().map(|event| {
        let name = event.message.full_name.rsplit('.').next().unwrap_or_default();
        subject::builder(&event.ident, &format!("`{name}`"), &event.subject)
    });
    let fields = |event: &&crate::schema::model::Event| !subject::fields(&event.subject).is_empty();
    let builder = package.events.iter().find(fields).map(|_| "SubjectBuilder");
    let source = Source::new(package)
        .docs(&format!("Subjects of the events of `{}`.", package.name))
        .import(&context.runtime("subject"), ["Subject"].into_iter().chain(builder))
        .items(quote! { #(#builders)* });
    files.add(context.place(&package.name).file(&["events", "subject"]), source.text());
}
