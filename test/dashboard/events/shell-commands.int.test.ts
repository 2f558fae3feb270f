import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { curlCommand, kcatCommand, shellQuote } from "../../../dashboard/events/shell-commands.ts";

it("does not quote plain words", () =>
  expect(shellQuote("dev.onex.evt.node-heartbeat.v1")).toBe("dev.onex.evt.node-heartbeat.v1"));

it.each(["a b", "$(reboot)", "`id`", "it's", "';rm -rf ~;'", "", "a\nb", "*", "~", "#x", "!x", "-n"])(
  "passes %j through a shell unchanged",
  (text) => {
    const printed = execFileSync("sh", ["-c", `printf %s ${shellQuote(text)}`], { encoding: "utf8" });
    expect(printed).toBe(text);
  },
);

it("closes every quote that it opens", () => {
  fc.assert(
    fc.property(
      fc.string(),
      (text) => void expect(shellQuote(text).replaceAll("'\\''", "").split("'").length % 2).toBe(1),
    ),
  );
});

it("writes a curl command that reads the token from the environment", () => {
  const url = new URL("http://host:8080/api/v1/events/stream?type=A&node_id=x");
  expect(curlCommand(url, { stream: true, withToken: true })).toBe(
    `curl -N -H "Authorization: Bearer $ROLLCALL_TOKEN" 'http://host:8080/api/v1/events/stream?type=A&node_id=x'`,
  );
  expect(curlCommand(new URL("http://host/a"))).toBe("curl http://host/a");
});

it("writes a kcat command for a topic, for one node where one is given", () => {
  expect(kcatCommand("dev.x", undefined)).toBe(`kcat -b "$KAFKA_BOOTSTRAP_SERVERS" -C -t dev.x -o -10`);
  expect(kcatCommand("dev.x", "a$b")).toContain(`grep -F -- 'a$b'`);
});
