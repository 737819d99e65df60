//! Tests of the runtime against a real server and against the in-process bus.

mod durable;
