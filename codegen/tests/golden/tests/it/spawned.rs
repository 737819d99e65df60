//! Losing `Send` is the classic regression of generated code: every future is spawned here.
#![expect(deprecated, reason = "deprecated methods are called too")]

use std::future::{Future, IntoFuture};

use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::{Bus, Connection, Context, Inbound, Outbound, Result, Status};
use golden::api::common::v1 as common;
use golden::api::keeper::v1 as keeper;
use golden::api::r#type::v1 as r#type;
use golden::api::zoo::v1 as zoo;
use keeper::{KeeperService, ListenerService};
use r#type::TypeService;
use zoo::messages;
use zoo::{NightService, ZooService};

struct Everything;

impl ZooService for Everything {
    async fn get_animal(&self, _: &Context, _: zoo::GetAnimalRequest) -> Result<zoo::GetAnimalResponse> {
        Ok(zoo::GetAnimalResponse::default())
    }

    async fn watch_animals(
        &self,
        _: &Context,
        request: zoo::WatchAnimalsRequest,
    ) -> Result<Outbound<zoo::WatchAnimalsResponse>, zoo::WatchAnimalsError> {
        let animal = zoo::Animal { name: request.tenant, ..zoo::Animal::default() };
        Ok(vec![zoo::WatchAnimalsResponse { animal: Some(animal) }].into())
    }

    async fn import_animals(
        &self,
        _: &Context,
        mut requests: Inbound<zoo::ImportAnimalsRequest>,
    ) -> Result<zoo::ImportAnimalsResponse, zoo::ImportAnimalsError> {
        let mut count = 0;
        while requests.message().await?.is_some() {
            count += 1;
        }
        Ok(zoo::ImportAnimalsResponse { count })
    }

    async fn chat(
        &self,
        _: &Context,
        _: Inbound<zoo::ChatRequest>,
    ) -> Result<Outbound<zoo::ChatResponse>, zoo::ChatError> {
        Ok(Vec::new().into())
    }

    async fn move_animal(
        &self,
        _: &Context,
        _: zoo::MoveAnimalRequest,
    ) -> Result<zoo::MoveAnimalResponse, zoo::MoveAnimalError> {
        Ok(zoo::MoveAnimalResponse::default())
    }

    async fn r#type(&self, _: &Context, _: messages::Option) -> Result<messages::Result> {
        Ok(messages::Result::default())
    }

    async fn self_(&self, _: &Context, _: messages::Self_) -> Result<messages::Vec> {
        Ok(messages::Vec::default())
    }

    async fn r#gen(&self, _: &Context, _: messages::String) -> Result<messages::Box> {
        Ok(messages::Box::default())
    }

    async fn r#match(&self, _: &Context, _: messages::Context) -> Result<messages::Status> {
        Ok(messages::Status::default())
    }

    async fn get2_pages3(&self, _: &Context, _: common::Page) -> Result<common::animal::Body> {
        Ok(common::animal::Body::default())
    }

    async fn nested(&self, _: &Context, _: zoo::animal::Body) -> Result<messages::events::Inner> {
        Ok(messages::events::Inner::default())
    }

    async fn ping(&self, _: &Context, (): ()) -> Result<String> {
        Ok("pong".to_owned())
    }

    async fn old_feed(&self, _: &Context, _: zoo::OldFeedRequest) -> Result<zoo::OldFeedResponse> {
        Ok(zoo::OldFeedResponse::default())
    }

    async fn old_feed_all(
        &self,
        _: &Context,
        _: Inbound<zoo::OldFeedRequest>,
    ) -> Result<Outbound<zoo::OldFeedResponse>> {
        Ok(Vec::new().into())
    }
}

impl NightService for Everything {
    async fn sleep(&self, _: &Context, _: zoo::SleepRequest) -> Result<zoo::SleepResponse> {
        Ok(zoo::SleepResponse::default())
    }
}

impl TypeService for Everything {
    async fn r#type(&self, _: &Context, request: r#type::Type) -> Result<r#type::TypeResponse> {
        Ok(r#type::TypeResponse { r#type: Some(request) })
    }
}

impl KeeperService for Everything {
    async fn hire(&self, _: &Context, _: keeper::HireRequest) -> Result<keeper::HireResponse> {
        Ok(keeper::HireResponse::default())
    }

    async fn on_animal_born(&self, _: &Context, _: zoo::AnimalBorn) -> Result<()> {
        Ok(())
    }

    async fn on_zoo_closed(&self, _: &Context, _: zoo::ZooClosed) -> Result<()> {
        Ok(())
    }

    async fn on_shift_changed(&self, _: &Context, _: keeper::ShiftChanged) -> Result<()> {
        Ok(())
    }
}

impl ListenerService for Everything {
    async fn on_zoo_opened(&self, _: &Context, _: zoo::ZooOpened) -> Result<()> {
        Ok(())
    }
}

async fn spawn<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(future).await.expect("the future doesn't panic")
}

async fn call<C>(call: C) -> C::Output
where
    C: IntoFuture<IntoFuture: Send + 'static, Output: Send>,
{
    spawn(call.into_future()).await
}

async fn connection() -> Connection {
    let bus = Bus::new();
    let server = Connection::local(&bus, "everything");
    server.serve(ZooService::into_server(Everything)).await.expect("the zoo is served");
    server.serve(NightService::into_server(Everything)).await.expect("the night is served");
    server.serve(TypeService::into_server(Everything)).await.expect("types are served");
    Connection::local(&bus, "caller")
}

#[tokio::test]
async fn every_call_of_a_client_can_be_spawned() -> Result<()> {
    let connection = connection().await;
    let zoo = zoo::ZooClient::new(&connection);
    call(zoo.get_animal(zoo::GetAnimalRequest::default())).await?;
    call(zoo.r#type(messages::Option::default())).await?;
    call(zoo.self_(messages::Self_::default())).await?;
    call(zoo.r#gen(messages::String::default())).await?;
    call(zoo.r#match(messages::Context::default())).await?;
    call(zoo.get2_pages3(common::Page::default())).await?;
    call(zoo.move_animal(zoo::MoveAnimalRequest::default())).await?;
    call(zoo.nested(zoo::animal::Body::default())).await?;
    assert_eq!(call(zoo.ping(())).await?, "pong");
    call(zoo.old_feed(zoo::OldFeedRequest::default())).await?;
    call(zoo::NightClient::new(&connection).sleep(zoo::SleepRequest::default())).await?;
    call(r#type::TypeClient::new(&connection).r#type(r#type::Type::default())).await?;
    Ok(())
}

#[tokio::test]
async fn every_stream_of_a_client_can_be_spawned() -> Result<()> {
    let zoo = zoo::ZooClient::new(&connection().await);
    let mut animals = call(zoo.watch_animals(zoo::WatchAnimalsRequest { tenant: "a".to_owned() })).await?;
    let animal = spawn(async move { animals.message().await }).await?.expect("one animal comes");
    assert_eq!(animal.animal.map(|animal| animal.name).as_deref(), Some("a"));
    let animals = vec![zoo::ImportAnimalsRequest::default(); 3];
    assert_eq!(call(zoo.import_animals(animals)).await?.count, 3);
    let mut words = call(zoo.chat(Vec::new())).await?;
    assert!(spawn(async move { words.message().await }).await?.is_none());
    let mut food = call(zoo.old_feed_all(Vec::new())).await?;
    assert!(spawn(async move { food.message().await }).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn every_publication_can_be_spawned() -> Result<()> {
    let connection = connection().await;
    let zoo = zoo::ZooEvents::new(&connection);
    Provisioner::new().streams(common::STREAMS).allow_fewer_replicas().apply(&connection).await?;
    let publications = spawn(async move {
        let born = zoo.animal_born(&zoo::AnimalBorn::default()).await?;
        zoo.zoo_opened(&zoo::ZooOpened::default()).await?;
        zoo.zoo_closed(&zoo::ZooClosed::default()).await?;
        Ok::<_, Status>(born)
    });
    assert_eq!(publications.await?.stream, "ZOO");
    Ok(())
}

#[tokio::test]
async fn every_consumer_can_be_served() {
    fn is_service<S: bodybroker_runtime::IntoService + Send>(_: S) {}
    is_service(KeeperService::into_server(Everything));
    is_service(ListenerService::into_server(Everything));
    spawn(async { KeeperService::on_animal_born(&Everything, &context().await, zoo::AnimalBorn::default()).await })
        .await
        .expect("the event is taken");
}

/// The context of a call, as a handler gets it.
async fn context() -> Context {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = std::sync::Mutex::new(Some(sender));
    let sender = std::sync::Arc::new(sender);
    let mock = zoo::ZooMock::new().on_ping(move |context, ()| {
        let sender = sender.lock().expect("nobody panics").take();
        async move {
            let _ = sender.expect("it is called once").send(context);
            Ok(String::new())
        }
    });
    mock.client().ping(()).await.expect("the mock answers");
    receiver.await.expect("the mock was called")
}
