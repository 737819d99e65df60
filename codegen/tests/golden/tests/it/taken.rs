//! Names that generated files take for themselves are the schema's all the same.

use bodybroker_runtime::{Bus, Connection, Context, Result, service};
use golden::api::taken::v1::choice::{Option as Second, String as First, Vec as Third};
use golden::api::taken::v1::{
    _2fa, A, Answer, Choice, F, Messages, Question, TakenClient, TakenMock, TakenService, Tick,
    taken_service,
};

struct Taken;

#[service]
impl TakenService for Taken {
    async fn ask(&self, _: &Context, _: Question) -> Result<Answer> {
        Ok(Answer { words: "yes".to_owned() })
    }

    async fn swap(&self, _: &Context, _: A) -> Result<F> {
        Ok(F {})
    }

    async fn hide(&self, _: &Context, messages: Messages) -> Result<_2fa> {
        Ok(_2fa { code: messages.key })
    }

    async fn tick(&self, _: &Context, _: Question) -> Result<Choice> {
        Ok(choice("tick"))
    }

    async fn tick_event(&self, _: &Context, _: Question) -> Result<Choice> {
        Ok(choice("tick event"))
    }

    async fn raw(&self, _: &Context, bytes: Vec<u8>) -> Result<Vec<u8>> {
        Ok(bytes)
    }

    async fn on_tick(&self, _: &Context, _: Tick) -> Result<()> {
        Ok(())
    }
}

fn choice(text: &str) -> Choice {
    Choice {
        string: Some(First::Text(text.to_owned())),
        option: Some(Second::Word(text.to_owned())),
        vec: Some(Third::Key("hunter2".to_owned())),
        r#box: None,
        rest: vec![text.to_owned()],
        maybe: None,
    }
}

#[tokio::test]
async fn types_and_methods_of_taken_names_are_served_and_called() -> Result<()> {
    let bus = Bus::new();
    let server = Connection::local(&bus, "taken");
    server.serve(Taken.into_server()).await?;
    let taken = TakenClient::new(&Connection::local(&bus, "caller"));
    taken.swap(A {}).await?;
    assert_eq!(taken.raw(b"raw".to_vec()).await?, b"raw");
    Ok(())
}

/// The method `Tick`, the event and the method `TickEvent` would all be set by `on_tick_event`.
#[tokio::test]
async fn a_mock_sets_each_of_three_ticks() -> Result<()> {
    let mock = TakenMock::new()
        .on_tick(|_, _| async { Ok(choice("tick")) })
        .on_tick_event(|_, _| async { Ok(choice("tick event")) })
        .on_tick_event_event(|_, _| async { Ok(()) });
    let client = mock.client();
    assert_eq!(client.tick(Question {}).await?, choice("tick"));
    assert_eq!(client.tick_event(Question {}).await?, choice("tick event"));
    Ok(())
}

#[test]
fn secrets_are_found_whatever_their_messages_are_called() {
    let hide = taken_service::SPEC.methods.iter().find(|method| method.name == "Hide");
    let sealed = hide.expect("a method").sealed;
    assert_eq!(sealed.request.expect("it has a secret").name(), "acme.taken.v1.Messages");
    assert_eq!(sealed.response.expect("it has a secret").name(), "acme.taken.v1._2fa");
    assert!(!format!("{:?}", choice("tick")).contains("hunter2"));
}
