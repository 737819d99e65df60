//! The service against a real server.

use bodybroker_runtime::{Connection, Result};
use bodybroker_{{package}}::v1::{EchoRequest, {{pascal}}Client};
use {{package}}::{{pascal}};

async fn start(connection: &Connection) -> Result<{{pascal}}> {
    {{pascal}}::start(connection.clone()).await
}

#[bodybroker_runtime::test(service = start)]
async fn an_echo_comes_back(client: {{pascal}}Client) -> Result<()> {
    let answer = client.echo(EchoRequest { words: "hello".to_owned() }).await?;
    assert_eq!(answer.words, "hello");
    Ok(())
}
