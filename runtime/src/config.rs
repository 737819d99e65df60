//! Configuration from the environment. The only place that reads it: a variable has one name, one meaning, and an
//! error that says what to write instead.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::connection::{CONNECTIONS_MAX, Options, RedisUrl};
use crate::content;
use crate::durable::Auth;
use crate::seal::{Keyring, Protection, Sealing};
use crate::status::{Result, Status};
use crate::tls::Tls;

mod source;

pub use source::Source;

/// What a program is told from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// `BB_NATS_URL`: the servers, separated by commas. Default: `nats://127.0.0.1:4222`.
    pub url: String,
    /// `BB_NATS_CREDS` (a file), `BB_NATS_NKEY` (a file with the seed), `BB_NATS_TOKEN`, or `BB_NATS_USER` and
    /// `BB_NATS_PASSWORD`: who we are. One of them, or none.
    pub auth: Auth,
    /// `BB_TLS_CA`, `BB_TLS_CERT`, `BB_TLS_KEY`: files in PEM. Absent: the server's address decides.
    pub tls: Option<Tls>,
    /// `BB_LOG`: what is logged, as in `info,bodybroker_runtime=debug`. Default: `info`.
    pub log: String,
    /// `BB_LOG_FORMAT`: `text` or `json`. Default: `text`.
    pub log_format: LogFormat,
    /// `BB_READY_FILE`: written once everything is served; its first line is the NATS URL.
    pub ready_file: Option<PathBuf>,
    /// `BB_DRAIN`: how long handlers get to finish, such as `30s`. Default: 25 s, inside the half minute that
    /// container schedulers give.
    pub drain: Duration,
    /// `BB_HTTP_ADDR`: where `/livez`, `/readyz`, `/startupz` and `/metrics` are answered, such as `127.0.0.1:8080`.
    /// Whoever reaches it may ask. Absent: nowhere, and nothing is recorded.
    pub http: Option<SocketAddr>,
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, or `OTEL_EXPORTER_OTLP_ENDPOINT` without its `/v1/traces`: where spans are
    /// sent, over HTTP in protobuf. `OTEL_SERVICE_NAME` names the process in them, by default its program. Absent: no
    /// spans are made. `OTEL_EXPORTER_OTLP_CERTIFICATE`, `_CLIENT_CERTIFICATE` and `_CLIENT_KEY` are for `https`, and
    /// headers, samplers and batches are set by the standard's other variables.
    pub otlp: Option<Otlp>,
    /// `BB_REDIS_URL`: where processes share kept answers, such as `redis://127.0.0.1:6379`; `rediss` is encrypted, and
    /// several separated by commas, or the scheme `redis-cluster`, are a cluster. Absent: each keeps its own.
    pub redis: Option<RedisUrl>,
    /// `BB_REDIS_TLS_CA`, `BB_REDIS_TLS_CERT`, `BB_REDIS_TLS_KEY`: files in PEM, for a URL of `rediss`. Absent: the system's
    /// certificates vouch for Redis.
    pub redis_tls: Option<Tls>,
    /// `BB_MESSAGE_BYTES_MAX`: length up to which requests, answers and frames are sent and taken, before compression.
    /// Default: 8388608, which is 8 MiB.
    pub message_bytes_max: usize,
    /// `BB_CONNECTIONS`: pairs of connections to the server, 1 to 64, for a process that one keeps busy: calls are spread over
    /// them, and requests come over all. A server shares requests out by connection, so all instances of a service had better
    /// have as many. Default: 1.
    pub connections: usize,
    /// `BB_EJECT`: how long an instance that isn't well stays away from its queue groups, such as `10s`; twice as long
    /// each time it comes back in vain, up to 16 times. It leaves after three tenths of that, or 3 s, of trouble: its
    /// own checks, a bucket that takes no writes, threads that have no time, callees whose breakers are open. One stays,
    /// and half of all there are. Absent: all stay, because trouble that is everybody's is no better for half of them.
    pub eject: Option<Duration>,
    /// `BB_PROVISION`: `true` makes streams and buckets that are missing as they are used; for development, where no
    /// provisioner runs. Default: `false`.
    pub provision: bool,
    /// `BB_WEAK_STORAGE`: `true` starts services though streams and buckets keep fewer copies than their schemas say, or
    /// keep them less safely; for development, where there is no cluster. Default: `false`.
    pub weak_storage: bool,
    /// `BB_KEYS`: the file of keys that sensitive fields are sealed with, read again when it changes. `BB_SEALING`: `strict`
    /// takes none in the clear, `lenient` does, `off` sends them so. Default: `strict`, which without keys calls, serves and
    /// stores nothing that has such fields.
    pub protection: Protection,
}

/// Where spans go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Otlp {
    /// URL that takes them.
    pub traces: String,
    /// Who sends them.
    pub service: String,
    /// Certificates for an URL of `https`; the system's vouch where nothing is said.
    pub tls: Tls,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with every mistake that was found.
    pub fn from_env() -> Result<Self> {
        Self::read(&Source::environment())
    }

    /// Reads variables from anywhere.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with every mistake that was found.
    pub fn read(source: &Source) -> Result<Self> {
        let mut mistakes = Vec::new();
        let mut keep = |mistake: String| mistakes.push(mistake);
        let config = Self {
            url: source.text("BB_NATS_URL").unwrap_or_else(|| DEFAULT_URL.to_owned()),
            auth: auth(source, &mut keep),
            tls: tls(source, ["BB_TLS_CA", "BB_TLS_CERT", "BB_TLS_KEY"], &mut keep),
            log: source.text("BB_LOG").unwrap_or_else(|| "info".to_owned()),
            log_format: log_format(source, &mut keep),
            ready_file: source.text("BB_READY_FILE").map(PathBuf::from),
            drain: duration(source, "BB_DRAIN", Duration::from_secs(25), &mut keep),
            http: parsed(source, "BB_HTTP_ADDR", "an address such as `127.0.0.1:8080`", &mut keep),
            otlp: otlp(source, &mut keep),
            redis: source.text("BB_REDIS_URL").map(RedisUrl::from),
            redis_tls: tls(
                source,
                ["BB_REDIS_TLS_CA", "BB_REDIS_TLS_CERT", "BB_REDIS_TLS_KEY"],
                &mut keep,
            ),
            message_bytes_max: parsed(
                source,
                "BB_MESSAGE_BYTES_MAX",
                "a number of bytes such as `8388608`",
                &mut keep,
            )
            .unwrap_or(content::MESSAGE_BYTES_MAX),
            connections: connections(source, &mut keep),
            eject: source
                .text("BB_EJECT")
                .map(|_| duration(source, "BB_EJECT", Duration::ZERO, &mut keep)),
            provision: switch(source, "BB_PROVISION", &mut keep),
            weak_storage: switch(source, "BB_WEAK_STORAGE", &mut keep),
            protection: protection(source, &mut keep),
        };
        if mistakes.is_empty() {
            Ok(config)
        } else {
            Err(Status::invalid_argument(mistakes.join("; ")))
        }
    }

    /// Connects to a server and tells nothing more.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            auth: Auth::Anonymous,
            tls: None,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
            ready_file: None,
            drain: Duration::from_secs(25),
            http: None,
            otlp: None,
            redis: None,
            redis_tls: None,
            message_bytes_max: content::MESSAGE_BYTES_MAX,
            connections: 1,
            eject: None,
            provision: false,
            weak_storage: false,
            protection: Protection::default(),
        }
    }

    /// What a connection of a service needs of all this.
    #[must_use]
    pub fn options(&self, service: &str) -> Options {
        let options = Options::new(&self.url, service)
            .auth(self.auth.clone())
            .message_bytes_max(self.message_bytes_max)
            .connections(self.connections)
            .protection(self.protection.clone())
            .provision(self.provision);
        let (tls, redis_tls) = (self.tls.clone(), self.redis_tls.clone());
        Options { tls, redis: self.redis.clone(), redis_tls, ..options }
    }
}

const DEFAULT_URL: &str = "nats://127.0.0.1:4222";

/// Reads a setting of a service's own, such as `WEATHER_SEED`.
///
/// # Errors
/// `INVALID_ARGUMENT` naming the variable when it is there and doesn't parse.
pub fn setting<T: FromStr<Err: Display>>(name: &str, default: T) -> Result<T> {
    let Some(text) = Source::environment().text(name) else { return Ok(default) };
    text.parse().map_err(|error| {
        Status::invalid_argument(format!("{name} is `{text}`, which can't be read: {error}"))
    })
}

fn auth(source: &Source, keep: &mut impl FnMut(String)) -> Auth {
    let mut given = Vec::new();
    if let Some(text) = file(source, "BB_NATS_CREDS", keep) {
        given.push(("BB_NATS_CREDS", Auth::Credentials(text)));
    }
    if let Some(seed) = file(source, "BB_NATS_NKEY", keep) {
        given.push(("BB_NATS_NKEY", Auth::NKey(seed.trim().to_owned())));
    }
    if let Some(token) = source.text("BB_NATS_TOKEN") {
        given.push(("BB_NATS_TOKEN", Auth::Token(token)));
    }
    match (source.text("BB_NATS_USER"), source.text("BB_NATS_PASSWORD")) {
        (Some(user), Some(password)) => given.push(("BB_NATS_USER", Auth::User(user, password))),
        (None, None) => {}
        (Some(_), None) => keep("BB_NATS_USER is set; set BB_NATS_PASSWORD too".to_owned()),
        (None, Some(_)) => keep("BB_NATS_PASSWORD is set; set BB_NATS_USER too".to_owned()),
    }
    if given.len() > 1 {
        let names: Vec<_> = given.iter().map(|(name, _)| *name).collect();
        keep(format!("{} say who we are in different ways; keep one", names.join(" and ")));
    }
    given.into_iter().next().map_or(Auth::Anonymous, |(_, auth)| auth)
}

/// Reads the names of the files that encryption needs: who vouches for the other side, our certificate, its key.
fn tls(source: &Source, names: [&str; 3], keep: &mut impl FnMut(String)) -> Option<Tls> {
    let mut path = |name: &str| {
        let path = PathBuf::from(source.text(name)?);
        if !path.is_file() {
            keep(format!("{name} is `{}`, where there is no file", path.display()));
        }
        Some(path)
    };
    let [ca, cert, key] = names.map(&mut path);
    let [_, cert_name, key_name] = names;
    match (&ca, cert, key) {
        (None, None, None) => None,
        (_, Some(cert), Some(key)) => Some(Tls { ca, identity: Some((cert, key)) }),
        (_, None, None) => Some(Tls { ca, identity: None }),
        (_, Some(_), None) => {
            keep(format!("{cert_name} is set; set {key_name} too"));
            None
        }
        (_, None, Some(_)) => {
            keep(format!("{key_name} is set; set {cert_name} too"));
            None
        }
    }
}

fn protection(source: &Source, keep: &mut impl FnMut(String)) -> Protection {
    let sealing = parsed(source, "BB_SEALING", "`off`, `lenient` or `strict`", keep);
    let sealing: Sealing = sealing.unwrap_or_default();
    let keys = source.text("BB_KEYS").and_then(|path| match Keyring::open(path) {
        Ok(keys) => Some(keys),
        Err(status) => {
            keep(format!("BB_KEYS: {}", status.message()));
            None
        }
    });
    if keys.is_none() && sealing == Sealing::Lenient && source.text("BB_KEYS").is_none() {
        keep("BB_SEALING is `lenient`; name a file of keys with BB_KEYS".to_owned());
    }
    keys.map_or_else(Protection::default, Protection::new).sealing(sealing)
}

fn otlp(source: &Source, keep: &mut impl FnMut(String)) -> Option<Otlp> {
    let traces = source.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| {
        let base = source.text("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        Some(format!("{}/v1/traces", base.trim_end_matches('/')))
    })?;
    let program =
        || Some(std::env::current_exe().ok()?.file_stem()?.to_string_lossy().into_owned());
    let service = source.text("OTEL_SERVICE_NAME").or_else(program).unwrap_or_default();
    let names = [
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        "OTEL_EXPORTER_OTLP_CLIENT_KEY",
    ];
    let tls = tls(source, names, keep).unwrap_or_default();
    Some(Otlp { traces, service, tls })
}

fn connections(source: &Source, keep: &mut impl FnMut(String)) -> usize {
    let wanted = format!("a number from 1 to {CONNECTIONS_MAX}");
    let Some(pairs) = parsed(source, "BB_CONNECTIONS", &wanted, keep) else { return 1 };
    if !(1..=CONNECTIONS_MAX).contains(&pairs) {
        keep(format!("BB_CONNECTIONS is `{pairs}`; write {wanted}"));
    }
    pairs
}

fn switch(source: &Source, name: &str, keep: &mut impl FnMut(String)) -> bool {
    parsed(source, name, "`true` or `false`", keep).unwrap_or(false)
}

fn log_format(source: &Source, keep: &mut impl FnMut(String)) -> LogFormat {
    match source.text("BB_LOG_FORMAT").as_deref() {
        None | Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(other) => {
            keep(format!("BB_LOG_FORMAT is `{other}`; write `text` or `json`"));
            LogFormat::Text
        }
    }
}

fn file(source: &Source, name: &str, keep: &mut impl FnMut(String)) -> Option<String> {
    let path = source.text(name)?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            keep(format!("{name} is `{path}`, which can't be read: {error}"));
            None
        }
    }
}

fn parsed<T: FromStr>(
    source: &Source,
    name: &str,
    wanted: &str,
    keep: &mut impl FnMut(String),
) -> Option<T> {
    let text = source.text(name)?;
    let value = text.parse().ok();
    if value.is_none() {
        keep(format!("{name} is `{text}`; write {wanted}"));
    }
    value
}

/// Reads `500ms`, `30s` or `2m`.
fn duration(
    source: &Source,
    name: &str,
    default: Duration,
    keep: &mut impl FnMut(String),
) -> Duration {
    let Some(text) = source.text(name) else { return default };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count = digits.parse::<u64>().ok();
    let duration = count.and_then(|count| match &text[digits.len()..] {
        "ms" => Some(Duration::from_millis(count)),
        "s" => Some(Duration::from_secs(count)),
        "m" => count.checked_mul(60).map(Duration::from_secs),
        _ => None,
    });
    duration.unwrap_or_else(|| {
        keep(format!("{name} is `{text}`; write a time such as `500ms`, `30s` or `2m`"));
        default
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config> {
        Config::read(&Source::of(variables.iter().copied()))
    }

    #[test]
    fn nothing_set_is_a_local_server_without_secrets() {
        let config = read(&[]).unwrap();
        assert_eq!(config.url, DEFAULT_URL);
        assert!(matches!(config.auth, Auth::Anonymous));
        assert!(config.tls.is_none());
        assert_eq!(config.connections, 1);
    }

    #[test]
    fn a_process_may_have_more_connections() {
        assert_eq!(read(&[("BB_CONNECTIONS", "4")]).unwrap().options("a").connections, 4);
        for text in ["0", "-1", "two", "65"] {
            let status = read(&[("BB_CONNECTIONS", text)]).unwrap_err();
            let words = format!("BB_CONNECTIONS is `{text}`; write a number from 1 to 64");
            assert!(status.message().contains(&words), "{status}");
        }
    }

    #[test]
    fn spans_go_where_the_standards_variables_say() {
        let traces = |variables: &[(&str, &str)]| Some(read(variables).unwrap().otlp?.traces);
        let (all, own) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        assert_eq!(traces(&[]), None);
        assert_eq!(traces(&[(all, "http://a:4318/")]).unwrap(), "http://a:4318/v1/traces");
        assert_eq!(traces(&[(all, "http://a:4318"), (own, "http://b/x")]).unwrap(), "http://b/x");
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let status = read(&[
            ("BB_LOG_FORMAT", "xml"),
            ("BB_DRAIN", "soon"),
            ("BB_NATS_USER", "ann"),
            ("BB_PROVISION", "yes"),
            ("BB_MESSAGE_BYTES_MAX", "8 MiB"),
            ("BB_CONNECTIONS", "65"),
            ("BB_HTTP_ADDR", "8080"),
            ("BB_TLS_CERT", "/nowhere/cert.pem"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://a"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
            ("BB_SEALING", "on"),
            ("BB_KEYS", "/nowhere/keys"),
        ])
        .unwrap_err();
        for words in [
            "BB_LOG_FORMAT is `xml`; write `text` or `json`",
            "BB_DRAIN is `soon`; write a time such as `500ms`, `30s` or `2m`",
            "BB_NATS_USER is set; set BB_NATS_PASSWORD too",
            "BB_PROVISION is `yes`; write `true` or `false`",
            "BB_MESSAGE_BYTES_MAX is `8 MiB`; write a number of bytes such as `8388608`",
            "BB_CONNECTIONS is `65`; write a number from 1 to 64",
            "BB_HTTP_ADDR is `8080`; write an address such as `127.0.0.1:8080`",
            "BB_TLS_CERT is `/nowhere/cert.pem`, where there is no file",
            "BB_TLS_CERT is set; set BB_TLS_KEY too",
            "OTEL_EXPORTER_OTLP_CERTIFICATE is `/nowhere/ca.pem`, where there is no file",
            "BB_SEALING is `on`; write `off`, `lenient` or `strict`",
            "BB_KEYS: the file of keys /nowhere/keys can't be read",
        ] {
            assert!(status.message().contains(words), "{words} is missing in {status}");
        }
    }

    #[test]
    fn two_identities_are_one_too_many() {
        let status =
            read(&[("BB_NATS_TOKEN", "t"), ("BB_NATS_USER", "ann"), ("BB_NATS_PASSWORD", "x")])
                .unwrap_err();
        assert!(status.message().contains("BB_NATS_TOKEN and BB_NATS_USER"), "{status}");
    }

    #[test]
    fn secrets_do_not_show() {
        let config =
            read(&[("BB_NATS_TOKEN", "hush"), ("BB_REDIS_URL", "redis://:hush@a")]).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }
}
