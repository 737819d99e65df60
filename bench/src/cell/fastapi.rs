//! `FastAPI` on uvicorn with JSON: the old system. Its server is `peer/fastapi_app.py`.

use futures::FutureExt as _;

use super::{Cell, Flavor, Shape, http};

pub(super) const CELL: Cell = Cell {
    name: "fastapi",
    about: "FastAPI, uvicorn and JSON (the old system)",
    shape: Shape::Unary,
    beside: None,
    broker: false,
    flavor: Flavor::MultiThread,
    serve: None,
    drive: |url| http::drive(url).boxed_local(),
};
