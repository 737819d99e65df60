//! A runtime and a generated service in miniature: just what the attributes write against.
#![allow(dead_code, unused_imports, missing_docs)]

/// Stands for the runtime crate.
pub mod runtime {
    use std::marker::PhantomData;
    use std::sync::Arc;

    pub use bodybroker_macros::{__service, main, service, test};

    pub struct Context;

    #[derive(Debug)]
    pub struct Status(pub String);

    impl Status {
        pub fn unimplemented(words: impl Into<String>) -> Self {
            Self(words.into())
        }
    }

    pub type Result<T, E = Status> = std::result::Result<T, E>;

    pub struct Inbound<T>(PhantomData<fn() -> T>);

    pub struct Outbound<T>(PhantomData<fn() -> T>);

    impl<T> Outbound<T> {
        pub fn empty() -> Self {
            Self(PhantomData)
        }
    }

    pub trait Service: Send + Sync {
        fn name(&self) -> &'static str;
    }

    pub trait IntoService {
        fn into_service(self) -> Arc<dyn Service>;
    }

    pub fn serve(service: impl IntoService) -> Arc<dyn Service> {
        service.into_service()
    }

    /// Drives futures that never wait.
    pub fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        loop {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
        }
    }

    #[derive(Clone)]
    pub struct Connection;

    pub mod host {
        use std::process::ExitCode;

        use super::{Connection, IntoService, Result, block_on};

        pub fn run<F, S>(_name: &str, start: impl FnOnce(Connection) -> F) -> ExitCode
        where
            F: Future<Output = Result<S>>,
            S: IntoService,
        {
            match block_on(start(Connection)).map(|service| service.into_service().name()) {
                Ok("TimeService") => ExitCode::SUCCESS,
                _ => ExitCode::FAILURE,
            }
        }
    }

    pub mod testing {
        use super::{Connection, IntoService, Result, block_on, serve};

        #[derive(Clone)]
        pub struct TestEnv(Connection);

        impl TestEnv {
            pub fn connection(&self) -> &Connection {
                &self.0
            }

            pub async fn serve<S: IntoService>(
                &self,
                start: impl AsyncFnOnce(&Connection) -> Result<S>,
            ) {
                serve(start(&self.0).await.expect("starts"));
            }
        }

        pub fn run<T>(case: impl AsyncFnOnce(TestEnv) -> T) -> T {
            block_on(case(TestEnv(Connection)))
        }
    }
}

/// Stands for a generated crate.
pub mod time {
    use std::sync::Arc;

    use super::runtime::{Connection, Context, Inbound, Outbound, Result, Service};

    pub struct GetTimeRequest;
    pub struct GetTimeResponse;
    pub struct WatchRequest;
    pub struct WatchResponse;
    pub struct ImportRequest;
    pub struct ImportResponse;
    pub struct TimeTick;

    pub trait TimeService: Send + Sync + 'static {
        fn get_time(
            &self,
            ctx: &Context,
            request: GetTimeRequest,
        ) -> impl Future<Output = Result<GetTimeResponse>> + Send;
        fn watch(
            &self,
            ctx: &Context,
            request: WatchRequest,
        ) -> impl Future<Output = Result<Outbound<WatchResponse>>> + Send;
        fn import(
            &self,
            ctx: &Context,
            requests: Inbound<ImportRequest>,
        ) -> impl Future<Output = Result<ImportResponse>> + Send;
        fn chat(
            &self,
            ctx: &Context,
            requests: Inbound<ImportRequest>,
        ) -> impl Future<Output = Result<Outbound<WatchResponse>>> + Send;
        fn on_time_tick(
            &self,
            ctx: &Context,
            event: TimeTick,
        ) -> impl Future<Output = Result<()>> + Send;

        fn into_server(self) -> TimeServer<Self>
        where
            Self: Sized,
        {
            TimeServer(Arc::new(self))
        }
    }

    pub struct TimeServer<S>(Arc<S>);

    impl<S: TimeService> Service for TimeServer<S> {
        fn name(&self) -> &'static str {
            "TimeService"
        }
    }

    pub struct TimeClient;

    impl TimeClient {
        pub fn new(_connection: &Connection) -> Self {
            Self
        }
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __time_service {
        ($($input:tt)*) => {
            $crate::support::runtime::__service! {
                {
                    service "bodybroker.time_manager.v1.TimeService" trait TimeService
                    methods {
                        get_time "GetTime" unary ($crate::support::time::GetTimeRequest) ($crate::support::time::GetTimeResponse);
                        watch "Watch" server_stream ($crate::support::time::WatchRequest) ($crate::support::time::WatchResponse);
                        import "Import" client_stream ($crate::support::time::ImportRequest) ($crate::support::time::ImportResponse);
                        chat "Chat" bidirectional ($crate::support::time::ImportRequest) ($crate::support::time::WatchResponse);
                        on_time_tick "bodybroker.time_manager.v1.TimeTick" event ($crate::support::time::TimeTick) (());
                    }
                }
                $($input)*
            }
        };
    }
    #[doc(hidden)]
    pub use __time_service as TimeService;
}

/// Stands for a generated crate whose service declares errors.
pub mod clock {
    use std::sync::Arc;

    use super::runtime::{Context, Result, Service, Status};

    pub struct SetTimeRequest;
    pub struct SetTimeResponse;

    #[derive(Debug)]
    pub enum SetTimeError {
        ClockStopped(Status),
        Status(Status),
    }

    impl From<Status> for SetTimeError {
        fn from(status: Status) -> Self {
            Self::Status(status)
        }
    }

    pub trait ClockService: Send + Sync + 'static {
        fn set_time(
            &self,
            ctx: &Context,
            request: SetTimeRequest,
        ) -> impl Future<Output = Result<SetTimeResponse, SetTimeError>> + Send;

        fn into_server(self) -> ClockServer<Self>
        where
            Self: Sized,
        {
            ClockServer(Arc::new(self))
        }
    }

    pub struct ClockServer<S>(Arc<S>);

    impl<S: ClockService> Service for ClockServer<S> {
        fn name(&self) -> &'static str {
            "ClockService"
        }
    }

    #[doc(hidden)]
    #[macro_export]
    macro_rules! __clock_service {
        ($($input:tt)*) => {
            $crate::support::runtime::__service! {
                {
                    service "bodybroker.clock.v1.ClockService" trait ClockService
                    methods {
                        set_time "SetTime" unary ($crate::support::clock::SetTimeRequest) ($crate::support::clock::SetTimeResponse) ($crate::support::clock::SetTimeError);
                    }
                }
                $($input)*
            }
        };
    }
    #[doc(hidden)]
    pub use __clock_service as ClockService;
}
