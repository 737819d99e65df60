//! What a server says of itself.

use serde::Deserialize;

/// What a server says of itself; what isn't used isn't read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info {
    pub(super) server_name: String,
    pub(super) version: String,
    pub(super) max_payload: usize,
    pub(super) tls_required: bool,
    pub(super) headers: bool,
    /// To be signed by our key.
    pub(super) nonce: Option<String>,
    /// Where else clients may connect.
    pub(super) connect_urls: Vec<String>,
    /// Lame duck mode: the server is about to stop.
    pub(super) ldm: bool,
}
