import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { asCurl, asKcat, shellWord } from "../../../dashboard/events/shell-commands.ts";

it("leaves plain words as they are", () =>
  expect(shellWord("dev.onex.evt.node-heartbeat.v1")).toBe("dev.onex.evt.node-heartbeat.v1"));

it.each(["a b", "$(reboot)", "`id`", "it's", "';rm -rf ~;'", "", "a\nb", "*", "~", "#x", "!x", "-n"])(
  "keeps %j one word that means nothing to a shell",
  (text) => {
    const told = execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" });
    expect(told).toBe(text);
  },
);

it("closes every quote it opens", () => {
  fc.assert(
    fc.property(
      fc.string(),
      (text) => void expect(shellWord(text).replaceAll("'\\''", "").split("'").length % 2).toBe(1),
    ),
  );
});

it("makes a request's curl without its token", () => {
  const url = new URL("http://host:8080/api/v1/events/stream?type=A&node_id=x");
  expect(asCurl(url, { stream: true, withToken: true })).toBe(
    `curl -N -H "Authorization: Bearer $ROLLCALL_TOKEN" 'http://host:8080/api/v1/events/stream?type=A&node_id=x'`,
  );
  expect(asCurl(new URL("http://host/a"))).toBe("curl http://host/a");
});

it("makes kcat read a topic, of one node where that is asked for", () => {
  expect(asKcat("dev.x", undefined)).toBe(`kcat -b "$KAFKA_BOOTSTRAP_SERVERS" -C -t dev.x -o -10`);
  expect(asKcat("dev.x", "a$b")).toContain(`grep -F -- 'a$b'`);
});
