//! Running services: connect, serve, wait for the end, and end without losing anything.

use std::fmt;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use crate::config::Config;
use crate::connection::Connection;
use crate::health::Health;
use crate::server::IntoService;
use crate::status::{Code, Result, Status};
use crate::telemetry;

mod ready;
mod running;
mod safety;
mod signal;

use running::{Running, Start, drain, leave};

/// How long threads that handlers still hold are waited for at the end.
const THREADS_MAX: Duration = Duration::from_secs(1);

/// Runs one service as a program: what `#[main]` expands to.
pub fn run<F, S>(name: &str, start: impl FnOnce(Connection) -> F + Send + 'static) -> ExitCode
where
    F: Future<Output = Result<S>> + Send + 'static,
    S: IntoService,
{
    let run = || {
        let config = Config::from_env()?;
        telemetry::start(&config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Status::internal(format!("no runtime: {error}")))?;
        let result = runtime.block_on(Host::new(config).service(name, start).run());
        runtime.shutdown_timeout(THREADS_MAX);
        result
    };
    exit_code(run())
}

/// What the end of a program tells whoever started it; a failure is also said in words on standard error.
#[must_use]
pub fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(status) => {
            tracing::error!(%status, "stopped");
            // Logging may not be what failed last, but it may not have been started either.
            eprintln!("error: {status}");
            ExitCode::FAILURE
        }
    }
}

/// Runs services in one process, each with a connection of its own.
pub struct Host {
    config: Config,
    services: Vec<(String, Start)>,
    on_ready: Option<Box<dyn FnOnce() + Send>>,
    on_listening: Option<Box<dyn FnOnce(SocketAddr) + Send>>,
}

impl Host {
    /// Runs nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, services: Vec::new(), on_ready: None, on_listening: None }
    }

    /// Adds a service: `start` makes it from its connection.
    #[must_use]
    pub fn service<F, S>(
        mut self,
        name: &str,
        start: impl FnOnce(Connection) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<S>> + Send + 'static,
        S: IntoService,
    {
        let start: Start = Box::new(move |connection| {
            let starting = start(connection);
            Box::pin(async move { Ok(starting.await?.into_service()) })
        });
        self.services.push((name.to_owned(), start));
        self
    }

    /// Calls a function once everything is served, after the ready file is written.
    #[must_use]
    pub fn on_ready(mut self, tell: impl FnOnce() + Send + 'static) -> Self {
        self.on_ready = Some(Box::new(tell));
        self
    }

    /// Calls a function with the address of the HTTP port, before anything is started; not at all without a port.
    #[must_use]
    pub fn on_listening(mut self, tell: impl FnOnce(SocketAddr) + Send + 'static) -> Self {
        self.on_listening = Some(Box::new(tell));
        self
    }

    /// Runs the services until SIGINT or SIGTERM, and drains them. A second signal ends the draining.
    ///
    /// # Errors
    /// When a service doesn't start. Those that have are drained first.
    pub async fn run(self) -> Result<()> {
        let stop = signal::asked()?;
        self.run_until(stop).await
    }

    /// Runs the services until a future completes, and drains them.
    ///
    /// # Errors
    /// As [`Host::run`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<()> {
        let Self { config, services, on_ready, on_listening } = self;
        let names: Vec<_> = services.iter().map(|(name, _)| name.clone()).collect();
        let mut running = Vec::with_capacity(services.len());
        tokio::pin!(stop);
        let health = Health::starting();
        // Closed when this returns, so that readiness is told to the end.
        let _port = match config.http {
            None => None,
            Some(address) => {
                let port = health.listen(address).await?;
                if let Some(tell) = on_listening {
                    tell(port.address());
                }
                Some(port)
            }
        };
        for (name, start) in services {
            let started = tokio::select! {
                biased;
                started = Running::start(&config, &name, start) => started,
                () = &mut stop => Err(Status::cancelled("asked to stop while starting")),
            };
            match started {
                Ok(one) => running.push(one),
                Err(status) => {
                    drain(running, config.drain).await;
                    if status.code() == Code::Cancelled {
                        return Ok(());
                    }
                    return Err(Status::new(
                        status.code(),
                        format!("{name}: {}", status.message()),
                    ));
                }
            }
        }
        let ready = match ready::announce(&config, &names) {
            Ok(ready) => ready,
            Err(status) => {
                drain(running, config.drain).await;
                return Err(status);
            }
        };
        for one in &running {
            let Running { name, connection, server, .. } = one;
            if config.http.is_some() || config.eject.is_some() {
                health.watch(name, connection, server);
            }
            if let Some(away) = config.eject {
                health.eject(name, connection, server, away);
            }
        }
        health.started();
        if let Some(tell) = on_ready {
            tell();
        }
        stop.await;
        tracing::info!("draining");
        health.draining();
        drop(ready);
        let second = signal::asked()?;
        tokio::select! {
            () = leave(running, &config) => tracing::info!("drained"),
            () = second => tracing::warn!("asked twice: stopping at once"),
        }
        telemetry::flush().await;
        Ok(())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.services.iter().map(|(name, _)| name).collect();
        f.debug_struct("Host").field("services", &names).finish_non_exhaustive()
    }
}
