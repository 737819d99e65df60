//! The one server that isn't ours to write.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::end;
use crate::tools;

/// The `FastAPI` server.
#[derive(Debug)]
pub struct FastApi {
    child: Child,
    address: String,
}

impl FastApi {
    /// Starts it on a free port, which it tells on standard error.
    pub fn start() -> anyhow::Result<Self> {
        let mut command = Command::new(tools::python()?);
        command
            .arg(tools::fastapi_app())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("python doesn't start")?;
        let words = BufReader::new(child.stderr.take().context("no standard error")?);
        let mut server = Self { child, address: String::new() };
        let mut heard = String::new();
        let mut lines = words.lines();
        for line in lines.by_ref() {
            let line = line?;
            if let Some((_, rest)) = line.split_once("running on http://") {
                let address = rest.split_whitespace().next().unwrap_or_default();
                address.clone_into(&mut server.address);
                break;
            }
            heard.push_str(&line);
            heard.push('\n');
        }
        anyhow::ensure!(!server.address.is_empty(), "FastAPI doesn't come up: {heard}");
        // Read on: a full pipe would stop the server.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for FastApi {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
