//! The file as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Breaking, Config, ConfigError, Lint, Selection, covers};

/// A whole `buf.yaml`.
///
/// The version is read apart; names and dependencies mean something to a registry only.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "what is known and means nothing here is no mistake")]
pub(super) struct File {
    version: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    modules: Vec<Module>,
    #[serde(default)]
    lint: Option<LintFile>,
    #[serde(default)]
    breaking: Option<BreakingFile>,
    #[serde(default)]
    deps: Vec<String>,
    #[serde(default)]
    plugins: Vec<Plugin>,
    #[serde(default)]
    policies: Vec<Plugin>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a module's name means something to a registry only")]
struct Module {
    path: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    includes: Vec<String>,
    #[serde(default)]
    excludes: Vec<String>,
    #[serde(default)]
    lint: Option<LintFile>,
    #[serde(default)]
    breaking: Option<BreakingFile>,
}

/// A plugin, which we can't run.
#[derive(Debug, Deserialize)]
struct Plugin {}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of buf.yaml")]
struct LintFile {
    r#use: Vec<String>,
    except: Vec<String>,
    ignore: Vec<String>,
    ignore_only: BTreeMap<String, Vec<String>>,
    disallow_comment_ignores: bool,
    enum_zero_value_suffix: String,
    rpc_allow_same_request_response: bool,
    rpc_allow_google_protobuf_empty_requests: bool,
    rpc_allow_google_protobuf_empty_responses: bool,
    service_suffix: String,
    disable_builtin: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BreakingFile {
    r#use: Vec<String>,
    except: Vec<String>,
    ignore: Vec<String>,
    ignore_only: BTreeMap<String, Vec<String>>,
    ignore_unstable_packages: bool,
    disable_builtin: bool,
}

/// Only the version, whatever else is there.
#[derive(Debug, Deserialize)]
struct Version {
    version: Option<String>,
}

pub(super) fn parse(text: &str) -> Result<File, ConfigError> {
    let wrong = |error| ConfigError(first_line(&error));
    let version: Version = serde_saphyr::from_str(text).map_err(wrong)?;
    match version.version.as_deref() {
        Some("v2") => serde_saphyr::from_str(text).map_err(wrong),
        Some(other) => Err(ConfigError(format!(
            "version {other} is not supported; write `version: v2`, or let `buf config migrate` do it"
        ))),
        None => Err(ConfigError("the version is missing; write `version: v2`".to_owned())),
    }
}

/// What is wrong, and where; the lines that follow would only draw the text.
pub(in crate::check) fn first_line(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

impl File {
    /// The choices for a folder, relative to the one that holds the file.
    pub(super) fn config(self, inside: &str) -> Result<Config, ConfigError> {
        let Self { modules, lint, breaking, plugins, policies, .. } = self;
        if !plugins.is_empty() || !policies.is_empty() {
            return Err(ConfigError("`plugins` and `policies` are not supported".to_owned()));
        }
        let inside = normal(inside);
        let mut modules: Vec<_> = modules
            .into_iter()
            .map(|module| Module { path: normal(&module.path), ..module })
            .collect();
        if modules.is_empty() {
            modules.push(Module { path: ".".to_owned(), ..Module::default() });
        }
        let module = match modules.iter().position(|module| module.path == inside) {
            Some(exact) => modules.swap_remove(exact),
            None if inside == "." && modules.len() == 1 => modules.swap_remove(0),
            None if inside == "." => {
                let paths: Vec<_> = modules.iter().map(|it| it.path.as_str()).collect();
                let paths = paths.join(", ");
                return Err(ConfigError(format!("there are several modules; name one: {paths}")));
            }
            // A folder that is no module of the file is judged by what holds for all.
            None => Module { path: inside.clone(), ..Module::default() },
        };
        if !module.includes.is_empty() {
            return Err(ConfigError("`includes` is not supported".to_owned()));
        }
        let root = (module.path != inside).then(|| module.path.clone().into());
        let relative = |path: &String| below(&module.path, &normal(path));
        let lint = module.lint.clone().or(lint).unwrap_or_default();
        let breaking = module.breaking.clone().or(breaking).unwrap_or_default();
        if lint.disable_builtin || breaking.disable_builtin {
            return Err(ConfigError("`disable_builtin` is not supported".to_owned()));
        }
        let select = |r#use, except, ignore: Vec<String>, ignore_only: BTreeMap<_, Vec<String>>| {
            let ignore_only = ignore_only
                .into_iter()
                .map(|(rule, paths)| (rule, paths.iter().filter_map(relative).collect()));
            Selection {
                use_: r#use,
                except,
                ignore: ignore.iter().filter_map(relative).collect(),
                ignore_only: ignore_only.collect(),
            }
        };
        let defaults = Lint::default();
        let or = |text: String, default: String| if text.is_empty() { default } else { text };
        Ok(Config {
            path: None,
            root,
            excludes: module.excludes.iter().filter_map(relative).collect(),
            lint: Lint {
                selection: select(lint.r#use, lint.except, lint.ignore, lint.ignore_only),
                disallow_comment_ignores: lint.disallow_comment_ignores,
                enum_zero_value_suffix: or(
                    lint.enum_zero_value_suffix,
                    defaults.enum_zero_value_suffix,
                ),
                rpc_allow_same_request_response: lint.rpc_allow_same_request_response,
                rpc_allow_google_protobuf_empty_requests: lint
                    .rpc_allow_google_protobuf_empty_requests,
                rpc_allow_google_protobuf_empty_responses: lint
                    .rpc_allow_google_protobuf_empty_responses,
                service_suffix: or(lint.service_suffix, defaults.service_suffix),
            },
            breaking: Breaking {
                selection: select(
                    breaking.r#use,
                    breaking.except,
                    breaking.ignore,
                    breaking.ignore_only,
                ),
                ignore_unstable_packages: breaking.ignore_unstable_packages,
            },
        })
    }
}

/// A path without `./`, `..` and a slash at its end.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// A path relative to a module, if it is in it; a folder around the module covers all of it.
fn below(module: &str, path: &str) -> Option<String> {
    if covers(path, module) {
        return Some(".".to_owned());
    }
    if module == "." {
        return Some(path.to_owned());
    }
    path.strip_prefix(module)?.strip_prefix('/').map(str::to_owned)
}
