//! Layers of users.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use bodybroker_runtime::layer::{CallService, HandlerService, Handling, Request, Response};
use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::{BoxFuture, Result, Status};
use tower::{Layer, Service};

use super::fixture::{PLAIN, Player, READ, SPEC, Step, call, down, script};
use crate::fixture::Text;

/// Adds a header to each call, and counts calls that succeed.
#[derive(Debug, Clone, Default)]
struct Note {
    text: &'static str,
    succeeded: Arc<AtomicU32>,
}

#[derive(Debug, Clone)]
struct Noting<S> {
    note: Note,
    inner: S,
}

impl<S> Layer<S> for Note {
    type Service = Noting<S>;

    fn layer(&self, inner: S) -> Noting<S> {
        Noting { note: self.clone(), inner }
    }
}

impl Service<Request> for Noting<CallService> {
    type Response = Response;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let before = request.headers.get("Test-Note").unwrap_or_default();
        let note = format!("{before}{}", self.note.text);
        request.headers.insert("Test-Note", note).unwrap();
        let (called, succeeded) = (self.inner.call(request), Arc::clone(&self.note.succeeded));
        Box::pin(async move {
            let response = called.await?;
            succeeded.fetch_add(1, Ordering::SeqCst);
            Ok(response)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_users_layer_stands_around_the_whole_call() {
    let (client, script, _server) = script().await;
    call(&client, READ).await.unwrap();
    let note = Note { text: "a", ..Note::default() };
    client.layer(note.clone());
    client.layer(Note { text: "b", ..Note::default() });
    script.next([down(), down()]);
    call(&client, READ).await.unwrap();
    call(&client, PLAIN).await.unwrap();
    let notes: Vec<_> = script.seen().into_iter().map(|seen| seen.note).collect();
    let outermost_first = Some("ba".to_owned());
    assert_eq!(notes[0], None, "the call before");
    assert_eq!(notes[1..], vec![outermost_first; 4], "three attempts of one call, and another");
    assert_eq!(note.succeeded.load(Ordering::SeqCst), 2, "calls, not attempts");
}

#[tokio::test(start_paused = true)]
async fn a_layer_may_answer_itself() {
    let (client, script, _server) = script().await;
    client.layer(tower::layer::layer_fn(|_inner: CallService| {
        tower::service_fn(|request: Request| async move {
            Err::<Response, _>(Status::unauthenticated(format!("not for {}", request.subject())))
        })
    }));
    let status = call(&client, PLAIN).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert!(script.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_layer_around_handlers_can_refuse_and_leave_something_for_them() {
    let (client, script, _server) = script().await;
    script.connection().handler_layer(tower::layer::layer_fn(|inner: HandlerService| {
        tower::service_fn(move |handling: Handling| {
            let mut inner = inner.clone();
            async move {
                let context = handling.context().clone();
                let Some(player) = context.headers().get("Test-Note") else {
                    return Err(Status::unauthenticated("who are you?"));
                };
                context.insert(Player(player.to_owned()));
                let mut response = inner.call(handling).await?;
                response.headers.insert("Test-Seen", "yes")?;
                Ok(response)
            }
        })
    }));
    assert_eq!(call(&client, PLAIN).await.unwrap_err().code(), Code::Unauthenticated);
    assert!(script.seen().is_empty());
    call(&client, PLAIN).header("Test-Note", "ann").await.unwrap();
    assert_eq!(script.players(), ["ann"]);
}

/// What no handler of the service takes.
#[derive(Clone, PartialEq, prost::Message)]
struct Number {
    #[prost(uint64, tag = "1")]
    number: u64,
}

#[tokio::test(start_paused = true)]
async fn behind_a_layer_it_is_told_whether_the_handler_ran() {
    let (client, script, _server) = script().await;
    let busy = || Status::unavailable("not now").with_executed(Executed::No);
    script.connection().handler_layer(tower::layer::layer_fn(move |inner: HandlerService| {
        tower::service_fn(move |handling: Handling| {
            let mut inner = inner.clone();
            async move {
                if handling.context().headers().get("Test-Note").is_none() {
                    return Err(busy());
                }
                inner.call(handling).await
            }
        })
    }));
    let refused = call(&client, PLAIN).await.unwrap_err();
    assert_eq!((refused.code(), refused.executed()), (Code::Unavailable, Executed::No));
    let wrong = client.call::<Number, Text>(&SPEC.methods[PLAIN], Number { number: 7 });
    let wrong = wrong.header("Test-Note", "ann").await.unwrap_err();
    assert_eq!((wrong.code(), wrong.executed()), (Code::InvalidArgument, Executed::No));
    assert!(script.seen().is_empty());
    // A call that the handler made never ran; the handler did.
    script.next([Step::Fail(busy())]);
    let failed = call(&client, PLAIN).header("Test-Note", "ann").await.unwrap_err();
    assert_eq!((failed.code(), failed.executed()), (Code::Unavailable, Executed::Yes));
}
