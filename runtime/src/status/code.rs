//! The canonical codes: gRPC's sixteen, and one for a call whose outcome nobody knows.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal, $http:literal;)*) => {
        /// Why a call failed, in one word. Numbers are gRPC's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name = $number,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number that travels in `Bb-Status`.
            #[must_use]
            pub fn number(self) -> u16 {
                self as u16
            }

            /// Reads a number; an unknown one is [`Code::Unknown`].
            #[must_use]
            pub fn from_number(number: u16) -> Self {
                match number {
                    $($number => Self::$name,)*
                    _ => Self::Unknown,
                }
            }

            /// The name, as specifications write it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The HTTP status that says the same, which `Nats-Service-Error-Code` carries.
            #[must_use]
            pub fn http(self) -> u16 {
                match self {
                    $(Self::$name => $http,)*
                }
            }
        }
    };
}

codes! {
    /// The caller gave the call up.
    Cancelled = 1, "CANCELLED", 499;
    /// No code is known.
    Unknown = 2, "UNKNOWN", 500;
    /// The request is wrong whatever the state of the system.
    InvalidArgument = 3, "INVALID_ARGUMENT", 400;
    /// Time ran out.
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED", 504;
    /// The thing asked for isn't there.
    NotFound = 5, "NOT_FOUND", 404;
    /// The thing to create is there already.
    AlreadyExists = 6, "ALREADY_EXISTS", 409;
    /// The caller may not do this.
    PermissionDenied = 7, "PERMISSION_DENIED", 403;
    /// Too much at once, or a quota is used up.
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED", 429;
    /// The state of the system forbids it until somebody changes that.
    FailedPrecondition = 9, "FAILED_PRECONDITION", 400;
    /// Somebody else was faster.
    Aborted = 10, "ABORTED", 409;
    /// Beyond the valid range.
    OutOfRange = 11, "OUT_OF_RANGE", 400;
    /// The method isn't implemented.
    Unimplemented = 12, "UNIMPLEMENTED", 501;
    /// A bug.
    Internal = 13, "INTERNAL", 500;
    /// Not reachable now.
    Unavailable = 14, "UNAVAILABLE", 503;
    /// Something was lost that can't be got back.
    DataLoss = 15, "DATA_LOSS", 500;
    /// Who is calling is not known.
    Unauthenticated = 16, "UNAUTHENTICATED", 401;
    /// A call that changes state ended without an answer. Ours: gRPC has no word for it.
    UnknownOutcome = 64, "UNKNOWN_OUTCOME", 504;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
