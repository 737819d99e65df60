//! The weather-manager service.
