"""A flow with progress: inputs are the first line of stdin, what it says are lines of JSON on stdout."""

import json
import sys


def say(**line):
    print(json.dumps(line), flush=True)


inputs = json.loads(sys.stdin.readline())["inputs"]
words = inputs["text"].split()
counts = {}
for number, word in enumerate(words, start=1):
    counts[word] = counts.get(word, 0) + 1
    say(progress={"words": number, "of": len(words)})
say(log=f"{len(words)} words")
say(result=counts)
