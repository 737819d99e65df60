//! What a process does about sensitive fields, and the doing of it for the messages of one place.

use std::str::FromStr;

use bytes::Bytes;

use super::Keyring;
use super::envelope::{self, Envelope};
use super::keys::Keys;
use super::purpose::Purpose;
use super::walk::{self, DELIMITED, FIXED32, FIXED64, Failure, GROUP, Occurrence, Path, VARINT};
use crate::spec::{BucketSpec, MethodSpec, Sealed, ServiceSpec};
use crate::status::{Result, Status};

/// What a process does about sensitive fields. By default it neither sends nor takes them, as it has no keys.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    keys: Option<Keyring>,
    sealing: Sealing,
}

/// What a process does with the keys it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sealing {
    /// It sends in the clear. It takes what is in the clear, and opens what is sealed if it has the key. For development, and
    /// for the first step of introducing keys.
    Off,
    /// It seals what it sends, and takes what comes in the clear still. For the second step.
    Lenient,
    /// It seals what it sends, and refuses what comes in the clear.
    #[default]
    Strict,
}

impl FromStr for Sealing {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "lenient" => Ok(Self::Lenient),
            "strict" => Ok(Self::Strict),
            _ => Err("write `off`, `lenient` or `strict`"),
        }
    }
}

impl Protection {
    /// Seals what is sent, and takes nothing in the clear.
    #[must_use]
    pub fn new(keys: Keyring) -> Self {
        Self { keys: Some(keys), sealing: Sealing::Strict }
    }

    /// Sends and takes in the clear: within one process, or where nobody else listens.
    #[must_use]
    pub fn off() -> Self {
        Self { keys: None, sealing: Sealing::Off }
    }

    /// The same, with another way to use the keys.
    #[must_use]
    pub fn sealing(self, sealing: Sealing) -> Self {
        Self { sealing, ..self }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Option<&Keyring> {
        self.keys.as_ref()
    }

    /// What a stored message needs that is, or holds, sealed fields: the value of a bucket, or an event.
    #[must_use]
    pub fn stored(&self, sealed: Sealed) -> Guard {
        self.guard(sealed, Purpose::Stored(sealed.name()))
    }

    pub(crate) fn request(&self, method: &'static MethodSpec) -> Option<Guard> {
        Some(self.guard(method.sealed.request?, Purpose::Request(method)))
    }

    pub(crate) fn response(&self, method: &'static MethodSpec) -> Option<Guard> {
        Some(self.guard(method.sealed.response?, Purpose::Response(method)))
    }

    pub(crate) fn guard(&self, sealed: Sealed, purpose: Purpose) -> Guard {
        Guard { protection: self.clone(), sealed, purpose }
    }

    /// Fails before a call of a method with sensitive fields that couldn't be sent, or whose answer couldn't be taken.
    pub(crate) fn may_call(&self, method: &'static MethodSpec) -> Result<()> {
        let sides = method.sealed;
        match sides.request.or(sides.response) {
            Some(sealed) => self.armed(sealed, Purpose::Request(method)),
            None => Ok(()),
        }
    }

    /// Fails before a service is served that carries sensitive fields.
    pub(crate) fn may_serve(&self, service: &'static ServiceSpec) -> Result<()> {
        service.methods.iter().try_for_each(|method| self.may_call(method))?;
        let events =
            service.consumes.iter().map(|it| it.event).chain(service.publishes.iter().copied());
        let events = events.filter_map(|event| event.sealed);
        let earlier =
            |bucket: &BucketSpec| bucket.versions.earlier.iter().filter_map(|it| it.sealed);
        let values = service.buckets.iter();
        let values = values.flat_map(|it| it.sealed.into_iter().chain(earlier(it)));
        events
            .chain(values)
            .try_for_each(|sealed| self.armed(sealed, Purpose::Stored(sealed.name())))
    }

    fn armed(&self, sealed: Sealed, purpose: Purpose) -> Result<()> {
        if self.keys.is_some() || self.sealing == Sealing::Off {
            return Ok(());
        }
        let field = sealed.name();
        let text = format!(
            "{field} has sensitive fields, and this process has no keys: name a file of keys with BB_KEYS, or say \
             BB_SEALING=off where nobody else listens"
        );
        let status = Status::failed_precondition(text);
        Err(match purpose {
            Purpose::Request(_) => status.with_executed(crate::status::Executed::No),
            Purpose::Response(_) | Purpose::Stored(_) | Purpose::Kept(_) => status,
        })
    }
}

/// Seals and opens the messages of one place.
#[derive(Debug, Clone)]
pub struct Guard {
    protection: Protection,
    sealed: Sealed,
    purpose: Purpose,
}

impl Guard {
    /// Seals a message where something is to be sealed, and gives back what there is otherwise.
    ///
    /// # Errors
    /// As [`Guard::seal`].
    pub(crate) fn seal_with(guard: Option<&Self>, message: Bytes) -> Result<Bytes> {
        let sealed = guard.map(|guard| guard.seal(&message)).transpose()?.flatten();
        Ok(sealed.map_or(message, Bytes::from))
    }

    /// Opens a message where something may be sealed, and gives back what there is otherwise.
    ///
    /// # Errors
    /// As [`Guard::open`].
    pub(crate) fn open_with(guard: Option<&Self>, message: Bytes) -> Result<Bytes> {
        let opened = guard.map(|guard| guard.open(&message)).transpose()?.flatten();
        Ok(opened.map_or(message, Bytes::from))
    }

    /// Seals the sensitive fields of an encoded message; `None` when it stays as it is.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when the process has no keys and isn't told to do without.
    pub fn seal(&self, message: &[u8]) -> Result<Option<Vec<u8>>> {
        self.protection.armed(self.sealed, self.purpose)?;
        let Protection { keys: Some(keys), sealing: Sealing::Lenient | Sealing::Strict } =
            &self.protection
        else {
            return Ok(None);
        };
        let keys = keys.current();
        let sealed = walk::rewrite(self.sealed, message, |path, field, out| {
            let about = self.purpose.about(path);
            let value = envelope::seal(keys.sealing(), &about, field.wire, field.payload);
            let value = value.ok_or_else(|| Failure::TooLong { field: path.name() })?;
            walk::put(field.number, DELIMITED, &value, out);
            Ok(())
        });
        sealed.map_err(|failure| self.purpose.status(&failure))
    }

    /// Opens the sealed fields of an encoded message; `None` when it stays as it is.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when the key isn't there, or a field came in the clear that is taken sealed only;
    /// `INVALID_ARGUMENT` in a request, else `DATA_LOSS`, when a field was changed, belongs elsewhere, or the bytes are no
    /// message. The words name field and key.
    pub fn open(&self, message: &[u8]) -> Result<Option<Vec<u8>>> {
        self.protection.armed(self.sealed, self.purpose)?;
        let keys = self.protection.keys.as_ref().map(Keyring::current);
        let opened = walk::rewrite(self.sealed, message, |path, field, out| {
            self.open_field(keys.as_deref(), path, field, out)
        });
        opened.map_err(|failure| {
            if let (Failure::Unknown { .. }, Some(keys)) = (&failure, &self.protection.keys) {
                keys.look_again();
            }
            self.refused(&failure);
            self.purpose.status(&failure)
        })
    }

    fn open_field(
        &self,
        keys: Option<&Keys>,
        path: &Path,
        field: &Occurrence<'_>,
        out: &mut Vec<u8>,
    ) -> std::result::Result<(), Failure> {
        if field.wire != DELIMITED || !envelope::is_sealed(field.payload) {
            if self.protection.sealing == Sealing::Strict {
                return Err(Failure::Clear { field: path.name() });
            }
            let what = self.purpose.name();
            metrics::counter!("bb_sensitive_clear_total", "what" => what).increment(1);
            out.extend_from_slice(field.whole);
            return Ok(());
        }
        let forged = |key: &str| Failure::Forged { field: path.name(), key: key.to_owned() };
        let envelope = Envelope::read(field.payload).ok_or_else(|| forged("?"))?;
        let keys = keys.ok_or_else(|| Failure::NoKeys { field: path.name() })?;
        let key = envelope
            .find(keys)
            .ok_or_else(|| Failure::Unknown { field: path.name(), key: envelope.key.to_owned() })?;
        let content = envelope.open(key, &self.purpose.about(path));
        let content = content.ok_or_else(|| forged(envelope.key))?;
        if !matches!(content.wire, VARINT | FIXED64 | DELIMITED | GROUP | FIXED32) {
            return Err(forged(envelope.key));
        }
        walk::put(field.number, content.wire, content.payload(), out);
        Ok(())
    }

    fn refused(&self, failure: &Failure) {
        let reason = match failure {
            Failure::Malformed(_) => "malformed",
            Failure::NoKeys { .. } | Failure::Unknown { .. } => "unknown_key",
            Failure::Clear { .. } => "clear",
            Failure::Forged { .. } => "forged",
            Failure::TooLong { .. } => "too_long",
        };
        let what = self.purpose.name();
        metrics::counter!("bb_sensitive_refused_total", "what" => what, "reason" => reason)
            .increment(1);
    }
}
