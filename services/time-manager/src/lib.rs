//! The time-manager service.
