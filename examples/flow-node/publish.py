"""A flow that waits for a person: the answer is a line of stdin."""

import json
import sys


def say(**line):
    print(json.dumps(line), flush=True)


inputs = json.loads(sys.stdin.readline())["inputs"]
title = inputs.get("title", "untitled")
say(lock={"lid": "approve", "question": f"May {title} be published?", "timeout": "1h"})
answer = json.loads(sys.stdin.readline())["answer"]
if answer["result"] == "yes":
    say(result={"published": title})
else:
    say(error={"code": "declined", "message": f"{title} was not to be published"})
