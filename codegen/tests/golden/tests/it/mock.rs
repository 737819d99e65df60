use bodybroker_runtime::{Code, Status};
use golden::api::zoo::v1::{Animal, GetAnimalRequest, GetAnimalResponse, ZooMock};

#[tokio::test]
async fn a_mock_answers_over_the_real_codec() {
    let zoo = ZooMock::new().on_get_animal(|_ctx, request| async move {
        let name = format!("{} of {}", request.number, request.tenant);
        Ok(GetAnimalResponse { animal: Some(Animal { name, ..Animal::default() }) })
    });
    let request = GetAnimalRequest { tenant: "a.b c".to_owned(), number: 7, ..GetAnimalRequest::default() };
    let response = zoo.client().get_animal(request).await.expect("the mock answers");
    assert_eq!(response.animal.map(|animal| animal.name).as_deref(), Some("7 of a.b c"));
    assert_eq!(zoo.calls(), ["GetAnimal"]);
}

#[tokio::test]
async fn a_method_without_an_answer_says_which() {
    let status: Status = ZooMock::new().client().ping(()).await.expect_err("nothing answers");
    assert_eq!(status.code(), Code::Unimplemented);
    assert!(status.message().contains("Ping"), "{status}");
}
