//! The state-manager service.
