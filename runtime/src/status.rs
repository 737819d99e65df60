//! How a call ends when it fails: a canonical code, words, and what the caller may do next.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::shown::Length;

mod code;
mod declared;
pub(crate) mod wire;

pub use code::Code;
pub use declared::Declared;

/// The result of everything that can fail in a call.
pub type Result<T, E = Status> = std::result::Result<T, E>;

/// Why a call failed.
///
/// Small on the stack: everything lives behind one box, because success is what must be cheap.
#[derive(Clone, PartialEq)]
pub struct Status(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    code: Code,
    message: String,
    /// Full name of the declared error that this is.
    reason: Option<Cow<'static, str>>,
    details: Vec<Detail>,
    retry_after: Option<Duration>,
    executed: Executed,
}

/// A typed detail of a [`Status`]: the full name of a message and its bytes.
#[derive(Clone, PartialEq)]
pub struct Detail {
    /// Full proto name, such as `bodybroker.state_manager.v1.VersionConflict`.
    pub type_name: String,
    /// The encoded message.
    pub value: Bytes,
}

/// What is known about whether the handler ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executed {
    /// It provably did not: repeating the call is safe for every method.
    No,
    /// It did, and this is its answer.
    Yes,
    /// Nobody can know: repeating the call is safe only where the method says so.
    Unknown,
}

impl Status {
    /// Makes a status. A handler's own failures start here.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            reason: None,
            details: Vec::new(),
            retry_after: None,
            executed: Executed::Yes,
        }))
    }

    /// Says which of the errors that the method declares this is, by its full name, such as
    /// `bodybroker.quest.v1.QuestExpired`.
    #[must_use]
    pub fn with_reason(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.reason = Some(name.into());
        self
    }

    /// Adds a typed detail.
    #[must_use]
    pub fn with_detail<M: prost::Message + prost::Name>(mut self, detail: &M) -> Self {
        self.0
            .details
            .push(Detail { type_name: M::full_name(), value: detail.encode_to_vec().into() });
        self
    }

    /// Adds a detail that is already encoded.
    #[must_use]
    pub fn with_raw_detail(mut self, detail: Detail) -> Self {
        self.0.details.push(detail);
        self
    }

    /// Tells the caller when to try again.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    /// Says whether the handler ran.
    #[must_use]
    pub fn with_executed(mut self, executed: Executed) -> Self {
        self.0.executed = executed;
        self
    }

    /// The canonical code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The words, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Full name of the declared error that this is, if it is one.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Every detail.
    #[must_use]
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// Finds a detail by its type; a malformed one counts as absent.
    #[must_use]
    pub fn detail<M: prost::Message + prost::Name + Default>(&self) -> Option<M> {
        let name = M::full_name();
        let detail = self.0.details.iter().find(|detail| detail.type_name == name)?;
        M::decode(detail.value.clone()).ok()
    }

    /// When the server asks to be tried again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the handler ran.
    #[must_use]
    pub fn executed(&self) -> Executed {
        self.0.executed
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $code:ident,)*) => {
        impl Status {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(message: impl Into<String>) -> Self {
                Self::new(Code::$code, message)
            })*
        }
    };
}

constructors! {
    /// The caller gave the call up.
    cancelled => Cancelled,
    /// The request is wrong whatever the state of the system.
    invalid_argument => InvalidArgument,
    /// Time ran out.
    deadline_exceeded => DeadlineExceeded,
    /// The thing asked for isn't there.
    not_found => NotFound,
    /// The thing to create is there already.
    already_exists => AlreadyExists,
    /// The caller may not do this.
    permission_denied => PermissionDenied,
    /// Too much at once, or a quota is used up.
    resource_exhausted => ResourceExhausted,
    /// The state of the system forbids it until somebody changes that.
    failed_precondition => FailedPrecondition,
    /// Somebody else was faster; read again and repeat.
    aborted => Aborted,
    /// Beyond the valid range.
    out_of_range => OutOfRange,
    /// The method isn't implemented.
    unimplemented => Unimplemented,
    /// A bug, here.
    internal => Internal,
    /// Not reachable now; try again.
    unavailable => Unavailable,
    /// Something was lost that can't be got back.
    data_loss => DataLoss,
    /// Who is calling is not known.
    unauthenticated => Unauthenticated,
    /// A call that changes state ended without an answer: it may have run, or not.
    unknown_outcome => UnknownOutcome,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { code, message, reason, details, retry_after, executed } = &*self.0;
        let mut out = f.debug_struct("Status");
        out.field("code", code).field("message", message);
        if let Some(reason) = reason {
            out.field("reason", reason);
        }
        if !details.is_empty() {
            let names: Vec<_> = details.iter().map(|detail| detail.type_name.as_str()).collect();
            out.field("details", &names);
        }
        if let Some(after) = retry_after {
            out.field("retry_after", after);
        }
        out.field("executed", executed).finish()
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { type_name, value } = self;
        f.debug_struct("Detail")
            .field("type_name", type_name)
            .field("value", &Length(value))
            .finish()
    }
}

impl std::error::Error for Status {}
