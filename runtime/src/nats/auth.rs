//! Says who we are.

use data_encoding::BASE64URL_NOPAD;
use nkeys::KeyPair;
use serde_json::{Map, Value, json};

use super::info::Info;
use crate::connection::Options;
use crate::durable::Auth;
use crate::status::{Result, Status};

/// The JSON of CONNECT.
pub(super) fn connect(options: &Options, role: &str, info: &Info, tls: bool) -> Result<Vec<u8>> {
    let mut fields = json!({
        "verbose": false,
        "pedantic": false,
        "tls_required": tls,
        "name": format!("{} {role}", options.service),
        "lang": "rust",
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": 1,
        "echo": true,
        "headers": true,
        "no_responders": true,
    });
    if let Value::Object(fields) = &mut fields {
        prove(&options.auth, info, fields)?;
    }
    Ok(fields.to_string().into_bytes())
}

fn prove(auth: &Auth, info: &Info, fields: &mut Map<String, Value>) -> Result<()> {
    match auth {
        Auth::Anonymous => {}
        Auth::Token(token) => {
            fields.insert("auth_token".into(), token.as_str().into());
        }
        Auth::User(user, password) => {
            fields.insert("user".into(), user.as_str().into());
            fields.insert("pass".into(), password.as_str().into());
        }
        Auth::NKey(seed) => {
            let key = key(seed)?;
            fields.insert("nkey".into(), key.public_key().into());
            fields.insert("sig".into(), sign(&key, info)?.into());
        }
        Auth::Credentials(text) => {
            let jwt = section(text, "USER JWT")?;
            let key = key(section(text, "NKEY SEED")?)?;
            fields.insert("jwt".into(), jwt.into());
            fields.insert("sig".into(), sign(&key, info)?.into());
        }
    }
    Ok(())
}

fn key(seed: &str) -> Result<KeyPair> {
    KeyPair::from_seed(seed.trim())
        .map_err(|error| Status::invalid_argument(format!("the NKey seed doesn't parse: {error}")))
}

fn sign(key: &KeyPair, info: &Info) -> Result<String> {
    let nonce = info.nonce.as_deref().unwrap_or_default();
    let signature = key.sign(nonce.as_bytes()).map_err(|error| {
        Status::unauthenticated(format!("the server's nonce can't be signed: {error}"))
    })?;
    Ok(BASE64URL_NOPAD.encode(&signature))
}

/// The line between `-----BEGIN <...title>-----` and its end.
fn section<'a>(text: &'a str, title: &str) -> Result<&'a str> {
    let mut lines = text.lines().map(str::trim);
    lines
        .find(|line| line.starts_with("---") && line.contains("BEGIN") && line.contains(title))
        .and_then(|_| lines.find(|line| !line.is_empty()))
        .ok_or_else(|| {
            Status::invalid_argument(format!("the credentials file has no section `{title}`"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sections_of_a_credentials_file_are_found() {
        let text = "-----BEGIN NATS USER JWT-----\neyJ0\n------END NATS USER JWT------\n\n\
                    ***** IMPORTANT *****\n-----BEGIN USER NKEY SEED-----\nSUAB\n------END USER NKEY SEED------\n";
        assert_eq!(section(text, "USER JWT").unwrap(), "eyJ0");
        assert_eq!(section(text, "NKEY SEED").unwrap(), "SUAB");
        assert!(section("nothing", "USER JWT").is_err());
    }

    #[test]
    fn a_nonce_is_signed_by_the_key() {
        let key = KeyPair::new_user();
        let info = Info { nonce: Some("nonce".into()), ..Info::default() };
        let signature = BASE64URL_NOPAD.decode(sign(&key, &info).unwrap().as_bytes()).unwrap();
        assert!(key.verify(b"nonce", &signature).is_ok());
    }
}
