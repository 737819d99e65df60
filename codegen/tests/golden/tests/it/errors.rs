//! What a handler fails with is what its caller matches on, over the bus and over a server.

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Bus, Call, Code, Connection, Result, Status};
use golden::api::zoo::v1::messages;
use golden::api::zoo::v1::zoo_service::SPEC;
use golden::api::zoo::v1::{
    AnimalEscaped, CageTooSmall, ChatError, ChatRequest, ImportAnimalsError, ImportAnimalsRequest, MoveAnimalError,
    MoveAnimalRequest, MoveAnimalResponse, WatchAnimalsError, WatchAnimalsRequest, ZooClient, ZooMock, ZooServer,
};

/// Fails as it is told to: the number of the cage chooses.
fn zoo() -> ZooMock {
    let escaped = |name: String| Status::aborted(format!("{name} is gone")).because(AnimalEscaped { name });
    ZooMock::new()
        .on_move_animal(move |_, request| async move {
            match request.cage {
                0 => Ok(MoveAnimalResponse {}),
                1 => Err(escaped(request.name).into()),
                2 => Err(MoveAnimalError::CageOpen(Status::failed_precondition("cage 2 is open"))),
                3 => Err(MoveAnimalError::None(Status::not_found("there is no cage 3"))),
                // By `?`, as most failures come.
                4 => Err(Status::out_of_range("too small").with_detail(&CageTooSmall { missing: 9 }))?,
                5 => Err(Status::aborted("it says so").because(messages::Result::default()))?,
                // What somebody else declares, on its way through this method.
                6 => Err(Status::from(Status::internal("odd").because(ImportAnimalsRequest::default())))?,
                _ => Err(Status::unavailable("the keeper sleeps"))?,
            }
        })
        .on_watch_animals(|_, _| async { Err(WatchAnimalsError::CageOpen(Status::aborted("an open cage"))) })
        .on_import_animals(move |_, _| async move { Err(escaped("Leo".to_owned()).into()) })
        .on_chat(|_, _| async { Err(ChatError::CageOpen(Status::aborted("an open cage"))) })
}

fn to(cage: u32) -> MoveAnimalRequest {
    MoveAnimalRequest { name: "Leo".to_owned(), cage }
}

async fn every_error_arrives_as_itself(zoo: &ZooClient) {
    assert_eq!(zoo.move_animal(to(0)).await, Ok(MoveAnimalResponse {}));
    let failed = async |cage| zoo.move_animal(to(cage)).await.expect_err("it fails");
    match failed(1).await {
        MoveAnimalError::AnimalEscaped(escaped) => {
            assert_eq!(escaped.name, "Leo");
            assert_eq!((escaped.status().code(), escaped.status().message()), (Code::Aborted, "Leo is gone"));
        }
        other => panic!("{other:?}"),
    }
    match failed(2).await {
        MoveAnimalError::CageOpen(status) => {
            assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "cage 2 is open"));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(failed(3).await, MoveAnimalError::None(status) if status.code() == Code::NotFound));
    assert!(matches!(failed(4).await, MoveAnimalError::CageTooSmall(cage) if cage.missing == 9));
    assert!(matches!(failed(5).await, MoveAnimalError::Result(_)));
    assert!(matches!(failed(6).await, MoveAnimalError::Status(status) if status.code() == Code::Internal));
    assert!(matches!(failed(7).await, MoveAnimalError::Status(status) if status.code() == Code::Unavailable));
}

#[tokio::test]
async fn declared_errors_travel_over_the_bus() {
    every_error_arrives_as_itself(&zoo().client()).await;
}

#[tokio::test]
async fn declared_errors_travel_over_a_server() {
    let server = NatsServer::start().await.expect("a server starts: `cargo xtask tools` installs it");
    let connect = async |name| Connection::connect(Options::new(server.url(), name)).await.expect("it connects");
    let (host, caller) = (connect("zoo").await, connect("caller").await);
    host.serve(ZooServer::new(zoo())).await.expect("the zoo is served");
    every_error_arrives_as_itself(&ZooClient::new(&caller)).await;
}

#[tokio::test]
async fn who_does_not_know_an_error_has_its_status() {
    let bus = Bus::new();
    Connection::local(&bus, "zoo").serve(ZooServer::new(zoo())).await.expect("the zoo is served");
    let connection = Connection::local(&bus, "older");
    let method = SPEC.methods.iter().find(|method| method.name == "MoveAnimal").expect("the zoo has it");
    let call: Call<_, MoveAnimalResponse> = connection.call(method, to(2));
    let status = call.await.expect_err("the cage is open");
    assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "cage 2 is open"));
    assert_eq!(status.reason(), Some("acme.zoo.v1.CageOpen"));
}

#[tokio::test]
async fn a_caller_who_does_not_care_has_a_status() {
    async fn careless(zoo: &ZooClient) -> Result<MoveAnimalResponse> {
        Ok(zoo.move_animal(to(1)).await?)
    }
    let status = careless(&zoo().client()).await.expect_err("Leo is gone");
    let name = "acme.zoo.v1.AnimalEscaped";
    assert_eq!((status.code(), status.reason()), (Code::Aborted, Some(name)));
    assert_eq!(status.details().iter().map(|detail| &*detail.type_name).collect::<Vec<_>>(), [name], "it is told once");
}

#[tokio::test]
async fn streams_fail_with_declared_errors() {
    let zoo = zoo().client();
    let request = WatchAnimalsRequest { tenant: "a".to_owned() };
    let watched = zoo.watch_animals(request).await.map(|_| ());
    assert!(matches!(watched, Err(WatchAnimalsError::CageOpen(_))), "{watched:?}");
    let imported = zoo.import_animals(vec![ImportAnimalsRequest::default()]).await;
    assert!(matches!(&imported, Err(ImportAnimalsError::AnimalEscaped(it)) if it.name == "Leo"), "{imported:?}");
    // One that talks both ways may have opened before its handler fails: a status in the stream becomes the error, too.
    let said = match zoo.chat(vec![ChatRequest::default()]).await {
        Ok(mut words) => words.message().await.map_err(ChatError::from),
        Err(error) => Err(error),
    };
    assert!(matches!(said, Err(ChatError::CageOpen(_))), "{said:?}");
}
