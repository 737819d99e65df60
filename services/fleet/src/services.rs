//! The services, one line each.

use bodybroker_runtime::host::Host;
use bodybroker_runtime::spec::ServiceSpec;

/// A service of the fleet.
pub(crate) struct Entry {
    /// Name of its crate.
    pub(crate) name: &'static str,
    /// What its schema says.
    pub(crate) spec: &'static ServiceSpec,
    /// Adds it to a host.
    pub(crate) add: fn(Host) -> Host,
}

/// Every service, by name.
#[rustfmt::skip]
pub(crate) const SERVICES: &[Entry] = &[
    Entry { name: "state-manager", spec: &bodybroker_state_manager::v1::state_service::SPEC, add: |host| host.service("state-manager", state_manager::StateManager::start) },
    Entry { name: "time-manager", spec: &bodybroker_time_manager::v1::time_service::SPEC, add: |host| host.service("time-manager", time_manager::TimeManager::start) },
    Entry { name: "weather-manager", spec: &bodybroker_weather_manager::v1::weather_service::SPEC, add: |host| host.service("weather-manager", weather_manager::WeatherManager::start) },
];
