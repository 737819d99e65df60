//! Formatting: prettyplease, then the blank lines between items that it leaves out.

use proc_macro2::TokenStream;

/// Formats items.
pub(crate) fn items(tokens: &TokenStream) -> String {
    file_text(&parsed(tokens))
}

/// Reads tokens as a file.
///
/// # Panics
/// When the tokens are no Rust: a bug of the emitter, shown with the tokens.
pub(crate) fn parsed(tokens: &TokenStream) -> syn::File {
    match syn::parse2(tokens.clone()) {
        Ok(file) => file,
        Err(error) => panic!("an emitter wrote what is no Rust: {error}\n{tokens}"),
    }
}

/// Formats a file.
pub(crate) fn file_text(file: &syn::File) -> String {
    spaced(&prettyplease::unparse(file))
}

/// Puts a blank line between items, and between the members of an `impl`, a `trait` and a `mod`.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut holders = vec![Holder::new(0)];
    let mut opening = None;
    for line in text.lines() {
        let start = line.trim_start();
        let indent = line.len() - start.len();
        if start == "}"
            && holders.len() > 1
            && holders.last().is_some_and(|holder| holder.indent > indent)
        {
            holders.pop();
        }
        if let Some(holder) = holders.last_mut().filter(|holder| holder.indent == indent) {
            if holder.take(start) {
                out.push('\n');
            }
            if opens(start) {
                opening = Some(indent);
            }
        }
        out.push_str(line);
        out.push('\n');
        if opening == Some(indent) && line.ends_with(['{', '}', ';']) {
            opening = None;
            if line.ends_with('{') {
                holders.push(Holder::new(indent + 4));
            }
        }
    }
    out
}

/// What holds items: a file, a module, an `impl`, a trait.
struct Holder {
    indent: usize,
    /// Whether the last line ended an item; nothing stands before the first one.
    ended: bool,
    /// Group of the current item.
    group: Option<Group>,
}

impl Holder {
    fn new(indent: usize) -> Self {
        Self { indent, ended: false, group: None }
    }

    /// Takes the next line; says whether a blank one belongs before it.
    fn take(&mut self, line: &str) -> bool {
        let next = Group::of(line);
        let separate = self.ended && (next.is_none() || next != self.group);
        if self.ended || self.group.is_none() {
            self.group = next;
        }
        self.ended =
            (line.ends_with([';', '}']) && !line.starts_with("//")) || line.starts_with("#![");
        separate
    }
}

/// One-liners that stand together.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    UseStd,
    UseExtern,
    UseCrate,
    PubUse,
    Mod,
    Const,
}

impl Group {
    fn of(line: &str) -> Option<Self> {
        Some(match line {
            _ if line.starts_with("use std::") => Self::UseStd,
            _ if line.starts_with("use crate::") || line.starts_with("use super::") => {
                Self::UseCrate
            }
            _ if line.starts_with("use ") => Self::UseExtern,
            _ if line.starts_with("pub use ") => Self::PubUse,
            _ if line.starts_with("mod ") || line.starts_with("pub mod ") => Self::Mod,
            _ if line.starts_with("const ") => Self::Const,
            _ => return None,
        })
    }
}

/// Whether a line opens an item that holds items.
fn opens(line: &str) -> bool {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    ["impl ", "impl<", "trait ", "mod "].iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str) {
        let file = syn::parse_file(before).expect("the sample is Rust");
        assert_eq!(file_text(&file), after);
    }

    #[test]
    fn items_and_members_stand_apart() {
        check(
            "struct A { a: u8, b: u8 } impl A { fn a() { let a = 1; let b = 2; } fn b() {} } struct B;",
            "struct A {\n    a: u8,\n    b: u8,\n}\n\nimpl A {\n    fn a() {\n        let a = 1;\n        \
             let b = 2;\n    }\n\n    fn b() {}\n}\n\nstruct B;\n",
        );
    }

    #[test]
    fn imports_stand_in_groups() {
        check(
            "use std::a; use std::b; use other::c; use crate::d; use crate::e; mod f; mod g;",
            "use std::a;\nuse std::b;\n\nuse other::c;\n\nuse crate::d;\nuse crate::e;\n\nmod f;\nmod g;\n",
        );
    }

    #[test]
    fn documentation_stays_with_its_item() {
        check(
            "/// A;\n/// b}\nstruct A; /// C\n#[doc(hidden)] struct C;",
            "/// A;\n/// b}\nstruct A;\n\n/// C\n#[doc(hidden)]\nstruct C;\n",
        );
    }

    #[test]
    fn modules_nest() {
        check(
            "mod a { struct A; impl A {} mod b { struct B; struct C; } }",
            "mod a {\n    struct A;\n\n    impl A {}\n\n    mod b {\n        struct B;\n\n        struct C;\n    \
             }\n}\n",
        );
    }
}
