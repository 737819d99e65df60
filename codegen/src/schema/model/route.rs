use std::fmt;
use std::ops::Range;

/// A route of a method over HTTP, from `google.api.http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Method of HTTP.
    pub method: HttpMethod,
    /// Path, with variables that fill fields of the request.
    pub path: Path,
    /// What the body fills. Fields that neither path nor body fill come from the query.
    pub body: Body,
    /// Field of the response that is sent; `None` sends all of it.
    pub response_body: Option<FieldPath>,
}

/// Method of HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// Replaces.
    Put,
    /// Creates or acts.
    Post,
    /// Deletes.
    Delete,
    /// Changes a part.
    Patch,
    /// Whichever the caller chooses.
    Any,
    /// Another one, such as `HEAD`.
    Other(String),
}

/// Path of a route, such as `/v1/npcs/{npc_id}:plan`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Text as written.
    pub text: String,
    /// What stands between its slashes, that of variables included.
    pub segments: Vec<Segment>,
    /// Variables in their order.
    pub variables: Vec<Variable>,
    /// Word after the colon at the end, such as `plan`.
    pub verb: Option<String>,
}

/// One segment of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Text that stays, escaped as it is in a URL.
    Literal(String),
    /// `*`: any one segment.
    One,
    /// `**`: all segments that follow, or none.
    Rest,
}

/// A field of the request that a part of the path fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The field, which may lie inside others.
    pub field: FieldPath,
    /// Type of its value.
    pub scalar: Scalar,
    /// Segments of the path that are its value. If there are several, `%2F` inside of one stays as it is.
    pub segments: Range<usize>,
}

/// A field, by the names and the numbers on the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath {
    /// Proto names, such as `animal.id`.
    pub text: String,
    /// Numbers of the same fields.
    pub numbers: Vec<u32>,
}

/// Type of a single value without parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// `string`.
    Text,
    /// `bytes`, in base 64.
    Bytes,
    /// `bool`.
    Bool,
    /// An integer of this type, such as `uint32`.
    Integer(&'static str),
    /// `float` or `double`.
    Float(&'static str),
    /// A value of the enum with this full name, by its name or its number.
    Enum(String),
}

/// What the body of an HTTP request fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing: none may be sent.
    None,
    /// All fields that the path doesn't.
    Rest,
    /// One field of the request.
    Field(FieldPath),
}

impl Route {
    /// Tells whether some request matches both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let any = self.method == HttpMethod::Any || other.method == HttpMethod::Any;
        (any || self.method == other.method) && self.path.meets(&other.path)
    }

    /// Tells whether exactly the same requests match both, whatever the names of the variables.
    #[must_use]
    pub fn matches_like(&self, other: &Self) -> bool {
        let (path, others) = (&self.path, &other.path);
        self.method == other.method && path.segments == others.segments && path.verb == others.verb
    }
}

impl HttpMethod {
    /// The method of a name, such as `HEAD`; `*` is any.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "PUT" => Self::Put,
            "POST" => Self::Post,
            "DELETE" => Self::Delete,
            "PATCH" => Self::Patch,
            "*" => Self::Any,
            _ => Self::Other(name.to_owned()),
        }
    }
}

impl Path {
    /// Tells whether some path of a request matches both. A verb is told apart first: `/v1/{id}` has no `/v1/x:stop`.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let (mut left, mut right) = (self.segments.iter(), other.segments.iter());
        if self.verb != other.verb {
            return false;
        }
        loop {
            match (left.next(), right.next()) {
                (None, None) | (Some(Segment::Rest), _) | (_, Some(Segment::Rest)) => return true,
                (Some(Segment::Literal(a)), Some(Segment::Literal(b))) if a != b => return false,
                (Some(_), Some(_)) => {}
                (None, Some(_)) | (Some(_), None) => return false,
            }
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path.text)
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Any => "*",
            Self::Other(name) => name,
        })
    }
}
