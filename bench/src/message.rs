//! The logical call: a prompt of about 300 bytes, an answer of about 450, and a stream of small frames.

use prost::Message;
use serde::{Deserialize, Serialize};

/// Frames of one streaming call.
pub const FRAMES: u32 = 1_000;

/// What is asked.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
pub struct InferRequest {
    /// Conversation.
    #[prost(string, tag = "1")]
    pub conversation_id: String,
    /// Model.
    #[prost(string, tag = "2")]
    pub model: String,
    /// Prompt.
    #[prost(string, tag = "3")]
    pub prompt: String,
    /// Longest answer.
    #[prost(uint32, tag = "4")]
    pub max_tokens: u32,
    /// Randomness.
    #[prost(float, tag = "5")]
    pub temperature: f32,
    /// Words that end the answer.
    #[prost(string, repeated, tag = "6")]
    pub stop: Vec<String>,
}

/// What is answered.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
pub struct InferResponse {
    /// Text.
    #[prost(string, tag = "1")]
    pub text: String,
    /// Why it ended.
    #[prost(string, tag = "2")]
    pub finish_reason: String,
    /// Model.
    #[prost(string, tag = "3")]
    pub model: String,
    /// Tokens read.
    #[prost(uint32, tag = "4")]
    pub prompt_tokens: u32,
    /// Tokens written.
    #[prost(uint32, tag = "5")]
    pub completion_tokens: u32,
}

/// Asks for a stream.
#[derive(Clone, PartialEq, Message)]
pub struct InferStreamRequest {
    /// Conversation.
    #[prost(string, tag = "1")]
    pub conversation_id: String,
    /// Frames wanted.
    #[prost(uint32, tag = "2")]
    pub frames: u32,
}

/// A frame of about 20 bytes.
#[derive(Clone, PartialEq, Message)]
pub struct InferStreamResponse {
    /// A piece of the text.
    #[prost(string, tag = "1")]
    pub text: String,
    /// Its place.
    #[prost(uint32, tag = "2")]
    pub index: u32,
}

/// Makes the request.
#[must_use]
pub fn request() -> InferRequest {
    InferRequest {
        conversation_id: "conv-7f3a9c52-41d8-4be0".into(),
        model: "tavern-keeper-8b-instruct".into(),
        prompt:
            "The traveller pushes the door open, shakes the rain from her cloak and asks whether \
                 there is still a bed for the night, and what the people of the valley make of the \
                 lights that were seen above the old mill since the last full moon."
                .into(),
        max_tokens: 256,
        temperature: 0.7,
        stop: vec!["\n\n".into(), "</s>".into()],
    }
}

/// Answers it: what every server does with a decoded request.
#[must_use]
pub fn respond(request: &InferRequest) -> InferResponse {
    InferResponse {
        text: "\"A bed there is,\" says the keeper, and wipes a mug that was clean before, \"under \
               the roof, where the rain is loud but the straw is dry. As for the lights: the miller \
               says marsh gas, the priest says sins, and old Berta says she has seen them dance in \
               rows of seven when nobody pays them any heed. I say that a house with a locked door \
               sleeps well, and that the soup is still hot if you care for it tonight.\""
            .into(),
        finish_reason: "stop".into(),
        model: request.model.clone(),
        prompt_tokens: request.max_tokens / 4,
        completion_tokens: 97,
    }
}

/// Checks an answer, so that no cell is fast by answering nothing.
pub fn check(response: &InferResponse) -> anyhow::Result<()> {
    anyhow::ensure!(
        response.completion_tokens == 97 && response.text.len() > 300,
        "a wrong answer"
    );
    Ok(())
}

/// Asks for the stream.
#[must_use]
pub fn stream_request() -> InferStreamRequest {
    InferStreamRequest { conversation_id: "conv-7f3a9c52-41d8-4be0".into(), frames: FRAMES }
}

/// The frames of an answer.
pub fn frames(
    request: &InferStreamRequest,
) -> impl Iterator<Item = InferStreamResponse> + Send + use<> {
    (0..request.frames).map(|index| InferStreamResponse { text: "lanterns swaying".into(), index })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_has_the_size_it_says() {
        let request = request();
        assert!((280..=340).contains(&request.encoded_len()), "{}", request.encoded_len());
        let response = respond(&request);
        assert!((430..=500).contains(&response.encoded_len()), "{}", response.encoded_len());
        let frame = frames(&stream_request()).last().expect("there are frames");
        assert!((18..=22).contains(&frame.encoded_len()), "{}", frame.encoded_len());
    }
}
