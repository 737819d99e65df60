//! What a service's author imports.

pub use crate::client::Call;
pub use crate::connection::Connection;
pub use crate::context::Context;
pub use crate::event::Event;
pub use crate::server::{IntoService, Server, Service};
pub use crate::status::{Code, Declared, Result, Status};
pub use crate::store::{Change, Entry, Store};
pub use crate::stream::{Inbound, Outbound, Sender};
pub use bodybroker_macros::service;
