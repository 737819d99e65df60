use crate::schema::ident;
use crate::schema::model::Type;
use crate::schema::survey::Survey;

/// Names a message as generated code does. A message that isn't there keeps its name and no package.
pub(super) fn resolve(survey: &Survey, full_name: &str) -> Type {
    let package = survey.messages.get(full_name).map(|message| message.package.as_str());
    within(full_name, package.unwrap_or_default())
}

/// The same of an enum.
pub(super) fn resolve_enum(survey: &Survey, full_name: &str) -> Type {
    let package = survey.enums.get(full_name).map(|found| found.package.as_str());
    within(full_name, package.unwrap_or_default())
}

fn within(full_name: &str, package: &str) -> Type {
    let inside = full_name.strip_prefix(package).unwrap_or(full_name).trim_start_matches('.');
    let mut parts: Vec<_> = inside.split('.').collect();
    let name = parts.pop().unwrap_or_default();
    let mut path: Vec<_> = parts.into_iter().map(ident::snake).collect();
    path.push(ident::camel(name));
    Type { full_name: full_name.to_owned(), package: package.to_owned(), path }
}
