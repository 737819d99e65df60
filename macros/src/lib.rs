//! `#[service]`, `#[main]` and `#[test]`: the attributes of the Body Broker's runtime.
//!
//! Use them through the runtime crate, which exports them. Everything they write can be written by hand: a plain
//! `impl` of a generated trait is a service too.

use proc_macro::TokenStream;

mod case;
mod entry;
mod options;
mod service;

/// Makes a type a service: checks an `impl` of a generated trait against its schema and wires it up.
///
/// Beyond what a plain `impl` gives, the type can be handed to `serve` as it is, and a mistake is one error that
/// names the proto method and says what to write instead.
///
/// ```ignore
/// #[service]
/// impl TimeService for Clock {
///     async fn get_time(&self, ctx: &Context, request: GetTimeRequest) -> Result<GetTimeResponse> { .. }
/// }
/// ```
///
/// # Options
/// - `partial`: methods that are not written answer `UNIMPLEMENTED`.
/// - `crate = path`: where the runtime is, when it isn't `::bodybroker_runtime`.
///
/// The schema's types are recognised by the last segment of their path, so a type alias of a request needs a plain
/// `impl`.
#[proc_macro_attribute]
pub fn service(options: TokenStream, item: TokenStream) -> TokenStream {
    service::attribute(&options.into(), &item.into()).into()
}

/// The second half of `#[service]`, called by the macro that generated code puts beside each trait: that macro knows
/// the methods of the schema.
#[doc(hidden)]
#[proc_macro]
pub fn __service(input: TokenStream) -> TokenStream {
    service::checked(input.into()).into()
}

/// Turns a function that makes a service into a program that runs it.
///
/// The program reads its configuration, starts telemetry, connects, serves, and drains on SIGTERM or Ctrl-C.
///
/// ```ignore
/// #[bodybroker_runtime::main]
/// async fn main(connection: Connection) -> Result<impl IntoService> {
///     Clock::start(&connection).await
/// }
/// ```
///
/// # Options
/// - `name = "..."`: the name of the service, when it isn't the package's.
/// - `crate = path`: where the runtime is, when it isn't `::bodybroker_runtime`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    entry::expand(options.into(), &item.into()).into()
}

/// Gives a test a real server of its own, the service under test and its typed client.
///
/// ```ignore
/// #[bodybroker_runtime::test(service = Clock::start)]
/// async fn a_paused_world_stands_still(env: TestEnv, time: TimeClient) -> Result<()> { .. }
/// ```
///
/// Parameters are filled by their type: `TestEnv` is the environment itself, `Connection` a connection to its
/// server, and any other type is a client, made by its `new(&connection)`.
///
/// # Options
/// - `service = path`: a function from `&Connection` to the service under test, such as `Clock::start`.
/// - `crate = path`: where the runtime is, when it isn't `::bodybroker_runtime`.
#[proc_macro_attribute]
pub fn test(options: TokenStream, item: TokenStream) -> TokenStream {
    case::expand(options.into(), &item.into()).into()
}
