//! The logical call as the JSON cells say it.

use serde::{Deserialize, Serialize};

use crate::message;

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    conversation_id: String,
    model: String,
    prompt: String,
    max_tokens: u32,
    temperature: f32,
    stop: Vec<String>,
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Response {
    text: String,
    finish_reason: String,
    model: String,
    prompt_tokens: u32,
    completion_tokens: u32,
}

/// Makes the request.
#[must_use]
pub fn request() -> Request {
    let message::InferRequest { conversation_id, model, prompt, max_tokens, temperature, stop } =
        message::request();
    Request { conversation_id, model, prompt, max_tokens, temperature, stop }
}

/// Answers it.
#[must_use]
pub fn respond(request: &Request) -> Response {
    let message::InferResponse { text, finish_reason, model, prompt_tokens, completion_tokens } =
        message::answer(&request.model, request.max_tokens);
    Response { text, finish_reason, model, prompt_tokens, completion_tokens }
}

/// Checks an answer.
pub fn check(response: &Response) -> anyhow::Result<()> {
    message::check_text(&response.text, response.completion_tokens)
}
