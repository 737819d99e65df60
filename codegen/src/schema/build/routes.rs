use crate::schema::model::{Body, FieldPath, HttpMethod, Path, Route, Scalar, Variable};
use crate::schema::option::{Http, Pattern};
use crate::schema::route;
use crate::schema::survey::{Field, Message, Method, Survey, Value};

/// Routes of a method, the first one first. One whose path can't be read is left out: a rule says why.
pub(super) fn routes(survey: &Survey, method: &Method) -> Vec<Route> {
    let bindings = method.http.iter().flat_map(Http::bindings);
    bindings.filter_map(|(_, http)| route_of(survey, method, http)).collect()
}

/// Resolves one route of a method; `None` if it can't be read.
pub(crate) fn route_of(survey: &Survey, method: &Method, http: &Http) -> Option<Route> {
    let pattern = http.pattern.as_ref()?;
    let (request, response) =
        (survey.messages.get(&method.request), survey.messages.get(&method.response));
    let body = match http.body.as_str() {
        "" => Body::None,
        "*" => Body::Rest,
        name => Body::Field(named(survey, request?, name)?),
    };
    let response_body = match http.response_body.as_str() {
        "" => None,
        name => Some(named(survey, response?, name)?),
    };
    Some(Route {
        method: http_method(pattern),
        path: path(survey, request, pattern.path())?,
        body,
        response_body,
    })
}

fn http_method(pattern: &Pattern) -> HttpMethod {
    match pattern {
        Pattern::Get(_) => HttpMethod::Get,
        Pattern::Put(_) => HttpMethod::Put,
        Pattern::Post(_) => HttpMethod::Post,
        Pattern::Delete(_) => HttpMethod::Delete,
        Pattern::Patch(_) => HttpMethod::Patch,
        Pattern::Custom(custom) => HttpMethod::of_name(&custom.kind),
    }
}

fn path(survey: &Survey, request: Option<&Message>, text: &str) -> Option<Path> {
    let route::Written { segments, variables, verb } = route::parse(text).ok()?;
    let variables = variables.into_iter().filter_map(|(name, segments)| {
        let fields = follow(survey, request?, name)?;
        let scalar = scalar(fields.last()?)?;
        Some(Variable { field: field_path(name, &fields), scalar, segments })
    });
    Some(Path {
        text: text.to_owned(),
        variables: variables.collect(),
        segments,
        verb: verb.map(str::to_owned),
    })
}

fn named(survey: &Survey, message: &Message, name: &str) -> Option<FieldPath> {
    Some(field_path(name, &follow(survey, message, name)?))
}

pub(super) fn field_path(text: &str, fields: &[&Field]) -> FieldPath {
    FieldPath { text: text.to_owned(), numbers: fields.iter().map(|it| it.number).collect() }
}

/// The fields on a path such as `animal.id`; `None` if one isn't there, or lies inside of several values.
pub(crate) fn follow<'a>(
    survey: &'a Survey,
    message: &'a Message,
    path: &str,
) -> Option<Vec<&'a Field>> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let found = message.fields.iter().find(|field| field.name == name)?;
    let mut fields = vec![found];
    if let Some(rest) = rest {
        let Value::Message(inner) = &found.value else { return None };
        let inner = survey.messages.get(inner).filter(|_| !found.repeated)?;
        fields.extend(follow(survey, inner, rest)?);
    }
    Some(fields)
}

/// The type of a field that has one value and no parts; `None` for any other.
pub(crate) fn scalar(field: &Field) -> Option<Scalar> {
    if field.repeated {
        return None;
    }
    match &field.value {
        Value::Text => Some(Scalar::Text),
        Value::Bytes => Some(Scalar::Bytes),
        Value::Bool => Some(Scalar::Bool),
        Value::Integer(name) => Some(Scalar::Integer(name)),
        Value::Float(name) => Some(Scalar::Float(name)),
        Value::Enum(name) => Some(Scalar::Enum(name.clone())),
        Value::Message(_) => None,
    }
}
