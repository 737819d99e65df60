//! The logical call: a prompt of about 300 bytes, an answer of about 450, and a stream of small frames.

pub use crate::generated::bench::v1::{
    InferRequest, InferResponse, InferStreamRequest, InferStreamResponse,
};

/// Frames of one streaming call.
pub const FRAMES: u32 = 1_000;

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
    answer(&request.model, request.max_tokens)
}

/// The answer of a model.
#[must_use]
pub fn answer(model: &str, max_tokens: u32) -> InferResponse {
    InferResponse {
        text: "\"A bed there is,\" says the keeper, and wipes a mug that was clean before, \"under \
               the roof, where the rain is loud but the straw is dry. As for the lights: the miller \
               says marsh gas, the priest says sins, and old Berta says she has seen them dance in \
               rows of seven when nobody pays them any heed. I say that a house with a locked door \
               sleeps well, and that the soup is still hot if you care for it tonight.\""
            .into(),
        finish_reason: "stop".into(),
        model: model.to_owned(),
        prompt_tokens: max_tokens / 4,
        completion_tokens: 97,
    }
}

/// Checks an answer, so that no cell is fast by answering nothing.
pub fn check(response: &InferResponse) -> anyhow::Result<()> {
    check_text(&response.text, response.completion_tokens)
}

/// The same for an answer in parts.
pub fn check_text(text: &str, completion_tokens: u32) -> anyhow::Result<()> {
    anyhow::ensure!(completion_tokens == 97 && text.len() > 300, "a wrong answer");
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
    use prost::Message as _;

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
