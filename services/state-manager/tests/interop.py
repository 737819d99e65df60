"""Talks to a running StateService with software that isn't ours: nats-py and Google's protobuf.

    interop.py <nats url> <descriptors.binpb>

Prints a line for each thing it found to be so, and exits with an error at the first that isn't.
"""

import asyncio
import json
import sys

import nats
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "bodybroker.state_manager.v1"
COMMON = "bodybroker.common.v1"
SUBJECT = "svc.state.manager.v1"


class Schema:
    """Message classes out of the descriptor set that the generator writes."""

    def __init__(self, path):
        descriptors = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as file:
            descriptors.ParseFromString(file.read())
        self.pool = descriptor_pool.DescriptorPool()
        for file in descriptors.file:
            self.pool.Add(file)

    def message(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))


async def discover(client, verb, name=""):
    """Asks every instance, and gathers answers until none has come for a while."""
    inbox = client.new_inbox()
    answers = await client.subscribe(inbox)
    await client.publish(f"$SRV.{verb}{name}", b"", reply=inbox)
    found = []
    while True:
        try:
            found.append(json.loads((await answers.next_msg(timeout=0.5)).data))
        except nats.errors.TimeoutError:
            await answers.unsubscribe()
            return found


def check(truth, what):
    if not truth:
        raise SystemExit(f"not so: {what}")
    print(f"so: {what}")


async def main(url, descriptors):
    schema = Schema(descriptors)
    client = await nats.connect(url)

    # A question without a reply subject has no answer, and does no harm.
    await client.publish("$SRV.PING", b"")
    pings = await discover(client, "PING")
    names = {ping["name"] for ping in pings}
    check("StateService" in names, f"discovery lists StateService among {sorted(names)}")
    check(all(ping["type"] == "io.nats.micro.v1.ping_response" for ping in pings), "a PING has its type")

    (info,) = await discover(client, "INFO", ".StateService")
    subjects = {endpoint["name"]: endpoint["subject"] for endpoint in info["endpoints"]}
    check(subjects["GetState"] == f"{SUBJECT}.get", "INFO tells the subject of GetState")
    check(len(info["metadata"]["schema"]) == 16, "INFO tells the schema's hash")

    update = schema.message(f"{PACKAGE}.UpdateStateRequest")(entity_id="hero", expected_version=0)
    update.replacement.update({"hp": 10, "name": "Brannoc"})
    answer = await client.request(f"{SUBJECT}.update", update.SerializeToString(), timeout=2)
    check(not answer.headers, "a success is the bare message")
    updated = schema.message(f"{PACKAGE}.UpdateStateResponse").FromString(answer.data)
    check(updated.entity.version == 1, "an update lands")

    get = schema.message(f"{PACKAGE}.GetStateRequest")(entity_id="hero")
    answer = await client.request(f"{SUBJECT}.get", get.SerializeToString(), timeout=2)
    found = schema.message(f"{PACKAGE}.GetStateResponse").FromString(answer.data)
    check(found.entity.data["name"] == "Brannoc", "a message encoded elsewhere is understood")

    get.entity_id = "nobody"
    answer = await client.request(f"{SUBJECT}.get", get.SerializeToString(), timeout=2)
    check(answer.headers["Nats-Service-Error-Code"] == "404", "a failure has its HTTP-like number")
    check(answer.headers["Bb-Status"] == "5", "a failure has its canonical code")
    check(bool(answer.headers["Nats-Service-Error"]), "a failure has words")
    error = schema.message(f"{COMMON}.Error").FromString(answer.data)
    check(error.code == 5 and error.message, "a failure has a typed body")

    answer = await client.request(f"{SUBJECT}.update", update.SerializeToString(), timeout=2)
    error = schema.message(f"{COMMON}.Error").FromString(answer.data)
    conflict = schema.message(f"{PACKAGE}.VersionConflict")()
    check(error.details[0].Unpack(conflict), "a stale update is refused with a typed detail")
    check(conflict.current_version == 1, "which carries the current version")

    answer = await client.request(f"{SUBJECT}.get", b"\xff\xff\xff", timeout=2)
    check(answer.headers["Bb-Status"] == "3", "bytes that are no message are an invalid argument")

    (stats,) = await discover(client, "STATS", ".StateService")
    counted = {endpoint["name"]: endpoint for endpoint in stats["endpoints"]}
    check(counted["GetState"]["num_requests"] == 3, "STATS count requests")
    check(counted["GetState"]["num_errors"] == 2, "STATS count errors")
    await client.close()


asyncio.run(main(*sys.argv[1:]))
