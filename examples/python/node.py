#!/usr/bin/env python3
"""A whole node over Kafka: registers, sends heartbeats until it is stopped (Ctrl-C, SIGTERM), says goodbye.

KAFKA_BOOTSTRAP_SERVERS=localhost:9092 TOPIC_PREFIX=dev.onex examples/python/node.py NODE_ID
"""

import json
import os
import signal
import sys
import time
import uuid

from kafka import KafkaConsumer, KafkaProducer

NODE_ID = sys.argv[1] if len(sys.argv) > 1 else "python-1"
SERVERS = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092").split(",")
# {env}.onex, or {env}.{namespace}.onex
PREFIX = os.environ.get("TOPIC_PREFIX", "dev.onex")
HEARTBEAT_S = float(os.environ.get("HEARTBEAT_SECONDS", "10"))
REPEAT_S = 5
EPOCH = time.time_ns() // 1_000_000

TOPICS = {
    "NodeIntrospectionEvent": f"{PREFIX}.evt.node-introspection.v1",
    "NodeRegistrationAcked": f"{PREFIX}.cmd.node-registration-acked.v1",
    "NodeHeartbeatEvent": f"{PREFIX}.evt.node-heartbeat.v1",
    "NodeDeregister": f"{PREFIX}.cmd.node-deregister.v1",
}
ANSWERS = [
    f"{PREFIX}.evt.{name}.v1"
    for name in (
        "node-registration-accepted",
        "node-registration-rejected",
        "node-registration-ack-timed-out",
        "node-became-active",
        "node-liveness-expired",
    )
]

producer = KafkaProducer(bootstrap_servers=SERVERS, acks="all")
# No group: every node reads all answers from now on, and skips other nodes' keys.
consumer = KafkaConsumer(*ANSWERS, bootstrap_servers=SERVERS, auto_offset_reset="latest")


def say(message_type, **payload):
    # One id for all tries of the producer: a repeat is the same message.
    headers = [("message_id", str(uuid.uuid4()).encode())]
    value = json.dumps({"node_id": NODE_ID, **payload}).encode()
    producer.send(TOPICS[message_type], key=NODE_ID.encode(), value=value, headers=headers).get(timeout=30)


def introspect():
    say(
        "NodeIntrospectionEvent",
        node_type="effect",
        epoch=EPOCH,
        endpoints={"api": "http://10.0.0.7:8080"},
        capabilities=["payments.capture"],
    )


def stop(*_):
    raise KeyboardInterrupt


signal.signal(signal.SIGTERM, stop)
seen = set()
attempt = None
active = False
next_word = 0.0
try:
    # The positions at the logs' ends are looked up before the first word: no answer can come before them.
    consumer.poll(timeout_ms=1_000)
    for partition in consumer.assignment():
        consumer.position(partition)
    while True:
        if time.monotonic() >= next_word:
            if active:
                say("NodeHeartbeatEvent")
            elif attempt is None:
                introspect()
            next_word = time.monotonic() + (HEARTBEAT_S if active else REPEAT_S)
        for records in consumer.poll(timeout_ms=200).values():
            for record in records:
                if record.key != NODE_ID.encode():
                    continue
                event = json.loads(record.value)
                if event["envelope_id"] in seen:
                    continue
                seen.add(event["envelope_id"])
                told = event["payload"]["registration_attempt_id"]
                if event["payload_type"] == "NodeRegistrationAccepted":
                    attempt = told
                    say("NodeRegistrationAcked", registration_attempt_id=attempt)
                elif event["payload_type"] == "NodeBecameActive":
                    active = True
                    next_word = time.monotonic() + HEARTBEAT_S
                    print(f"{NODE_ID} is ACTIVE", flush=True)
                else:
                    # Rejected, timed out or expired: once more from the beginning.
                    attempt, active, next_word = None, False, time.monotonic() + REPEAT_S
except KeyboardInterrupt:
    say("NodeDeregister", reason="done")
    producer.flush()
