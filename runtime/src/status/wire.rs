//! The wire form of a status: headers for routing, an `Error` message as the body.
