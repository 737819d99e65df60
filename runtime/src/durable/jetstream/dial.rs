//! Where the server is, and who we are to it.

use std::fmt;

use async_nats::{ConnectOptions, ServerAddr};

use crate::status::{Result, Status};
use crate::tls::Tls;

/// Where the server is, and who we are to it.
#[derive(Debug, Clone)]
pub struct Dial {
    /// Servers, separated by commas.
    pub url: String,
    /// Name of the connection, for people who look at the server.
    pub name: String,
    /// First token of every reply subject, such as `_INBOX.state-manager`.
    pub inbox_prefix: String,
    /// Proof of who we are.
    pub auth: Auth,
    /// Encryption; `None` when the server's address decides.
    pub tls: Option<Tls>,
    /// Whether streams that are expected to be there are made when they aren't.
    pub provision: bool,
}

/// Proof of who we are.
#[derive(Clone, Default)]
pub enum Auth {
    /// None.
    #[default]
    Anonymous,
    /// A token.
    Token(String),
    /// A user and a password.
    User(String, String),
    /// The seed of an `NKey`.
    NKey(String),
    /// The text of a credentials file: a JWT and the seed that signs for it.
    Credentials(String),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Token(_) => "Token(..)",
            Self::User(..) => "User(..)",
            Self::NKey(_) => "NKey(..)",
            Self::Credentials(_) => "Credentials(..)",
        })
    }
}

impl Dial {
    /// The servers, one by one.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when one of them is no address.
    pub fn servers(&self) -> Result<Vec<ServerAddr>> {
        let urls = self.url.split(',').map(str::trim).filter(|url| !url.is_empty());
        let parse = |url: &str| {
            url.parse().map_err(|error| {
                Status::invalid_argument(format!("`{url}` is no address of a server: {error}"))
            })
        };
        urls.map(parse).collect()
    }

    /// Says all this to async-nats.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the credentials don't parse.
    pub fn options(&self) -> Result<ConnectOptions> {
        let options =
            ConnectOptions::new().name(&self.name).custom_inbox_prefix(&self.inbox_prefix);
        let options = match &self.auth {
            Auth::Anonymous => options,
            Auth::Token(token) => options.token(token.clone()),
            Auth::User(user, password) => options.user_and_password(user.clone(), password.clone()),
            Auth::NKey(seed) => options.nkey(seed.clone()),
            Auth::Credentials(text) => options.credentials(text).map_err(|error| {
                Status::invalid_argument(format!("the credentials don't parse: {error}"))
            })?,
        };
        let Some(Tls { ca, identity }) = &self.tls else { return Ok(options) };
        let mut options = options.require_tls(true);
        if let Some(ca) = ca {
            options = options.add_root_certificates(ca.clone());
        }
        if let Some((certificate, key)) = identity {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        Ok(options)
    }
}
