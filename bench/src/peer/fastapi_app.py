"""The old system's way to serve the call: FastAPI, pydantic and uvicorn. It takes a free port and tells it on standard error."""

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class InferRequest(BaseModel):
    conversation_id: str
    model: str
    prompt: str
    max_tokens: int
    temperature: float
    stop: list[str]


class InferResponse(BaseModel):
    text: str
    finish_reason: str
    model: str
    prompt_tokens: int
    completion_tokens: int


TEXT = (
    '"A bed there is," says the keeper, and wipes a mug that was clean before, "under '
    "the roof, where the rain is loud but the straw is dry. As for the lights: the miller "
    "says marsh gas, the priest says sins, and old Berta says she has seen them dance in "
    "rows of seven when nobody pays them any heed. I say that a house with a locked door "
    'sleeps well, and that the soup is still hot if you care for it tonight."'
)

app = FastAPI()


@app.post("/v1/infer")
async def infer(request: InferRequest) -> InferResponse:
    return InferResponse(
        text=TEXT,
        finish_reason="stop",
        model=request.model,
        prompt_tokens=request.max_tokens // 4,
        completion_tokens=97,
    )


if __name__ == "__main__":
    # A connection may rest while the other cells have their rounds: the default closes it after five seconds.
    uvicorn.run(app, host="127.0.0.1", port=0, access_log=False, log_level="info", timeout_keep_alive=3600)
