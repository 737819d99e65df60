use crate::schema::ident;
use crate::schema::model::{Field, Shape, Template, Token};
use crate::schema::survey::{Field as Written, Message, Value};
use crate::schema::template::{Piece, pieces};

/// Resolves a subject against the message whose fields fill it. What can't be resolved stays as it is written.
pub(super) fn template(text: &str, message: Option<&Message>) -> Template {
    let tokens = pieces(text).into_iter().map(|piece| match piece {
        Piece::Literal(literal) => Token::Literal(literal.to_owned()),
        Piece::Bad(token, _) => Token::Literal(token.to_owned()),
        Piece::Hole(name) => {
            let field = message.and_then(|message| field(message, name));
            field.map_or_else(|| Token::Literal(format!("{{{name}}}")), Token::Field)
        }
    });
    Template { text: text.to_owned(), tokens: tokens.collect() }
}

fn field(message: &Message, name: &str) -> Option<Field> {
    let field = message.fields.iter().find(|field| field.name == name)?;
    Some(Field {
        number: field.number,
        name: field.name.clone(),
        ident: ident::snake(&field.name),
        shape: shape(field)?,
        optional: field.optional,
    })
}

/// How a field's value becomes a token; `None` if it can't.
pub(crate) fn shape(field: &Written) -> Option<Shape> {
    if field.repeated || field.oneof.is_some() {
        return None;
    }
    match field.value {
        Value::Text => Some(Shape::Text),
        Value::Bool => Some(Shape::Bool),
        Value::Integer(_) | Value::Enum(_) => Some(Shape::Integer),
        Value::Bytes | Value::Float(_) | Value::Message(_) => None,
    }
}
