use std::collections::BTreeSet;

use syn::{ImplItem, Item, UseTree};

use super::TAKEN;
use crate::emit::{Settings, emit};
use crate::{Input, load};

/// Names that the stores' files keep for themselves.
const OF_STORES: &[&str] = &["Deref", "Entry", "List"];

/// Names that a tree of imports brings in.
fn imported(tree: &UseTree, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => imported(&path.tree, names),
        UseTree::Name(name) => names.extend([name.ident.to_string()]),
        UseTree::Rename(rename) => names.extend([rename.rename.to_string()]),
        UseTree::Group(group) => group.items.iter().for_each(|it| imported(it, names)),
        UseTree::Glob(_) => panic!("a glob may bring in anything"),
    }
}

/// Tells whether a tree of imports leads out of what is generated: what is inside is the schema's, and each file knows it.
fn leads_out(tree: &UseTree) -> bool {
    let roots = ["std", "bodybroker_runtime"];
    matches!(tree, UseTree::Path(path) if roots.iter().any(|root| path.ident == root))
}

/// Parameters of types of an item and of its functions.
fn parameters(item: &Item, names: &mut BTreeSet<String>) {
    let mut take = |generics: &syn::Generics| {
        names.extend(generics.type_params().map(|parameter| parameter.ident.to_string()));
    };
    match item {
        Item::Fn(item) => take(&item.sig.generics),
        Item::Struct(item) => take(&item.generics),
        Item::Trait(item) => take(&item.generics),
        Item::Impl(item) => {
            take(&item.generics);
            for item in &item.items {
                if let ImplItem::Fn(item) = item {
                    take(&item.sig.generics);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn whatever_a_file_with_messages_imports_or_has_as_a_parameter_is_taken() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kitchen_sink/proto");
    let schema = load(&Input::new(root).strip_prefix("acme")).expect("no mistake");
    let files = emit(&schema, &Settings::modules("crate::api")).expect("code");
    let mut names = BTreeSet::new();
    for (_, bytes) in files.iter() {
        let text = String::from_utf8_lossy(bytes);
        if !text.contains("::messages") {
            continue;
        }
        let file = syn::parse_file(&text).expect("Rust");
        for item in &file.items {
            match item {
                Item::Use(item) if leads_out(&item.tree) => imported(&item.tree, &mut names),
                item => parameters(item, &mut names),
            }
        }
    }
    assert!(["Answer", "F", "Outbound", "Store"].iter().all(|it| names.contains(*it)), "{names:?}");
    let known = |name: &str| TAKEN.contains(&name) || OF_STORES.contains(&name);
    // Modules are no types.
    names.retain(|name| name.starts_with(char::is_uppercase) && !known(name));
    assert!(names.is_empty(), "{names:?} are free for messages");
}
