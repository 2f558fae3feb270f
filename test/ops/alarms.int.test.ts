import { describe, expect, it } from "vitest";
import { filesIn } from "../tidy/sources.ts";
import { alerts, alertTests } from "./observability.ts";

const guide = filesIn("docs/guide", ".md").find(({ path }) => path.endsWith("operate.md"))?.text ?? "";
const named = alerts.map(({ alert, ...rule }) => [alert, rule] as const);

describe("the alerts", () => {
  it.each(named)("%s has a summary, a description, a severity and a runbook", (_, { labels, annotations }) => {
    expect(["critical", "warning"]).toContain(labels.severity);
    expect(annotations.summary).not.toBe("");
    expect(annotations.description).not.toBe("");
    const [page, anchor = ""] = annotations.runbook_url.split("#");
    expect(page).toBe("docs/guide/operate.md");
    const headings = [...guide.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^a-z -]/g, "")
        .replaceAll(" ", "-"),
    );
    expect(headings).toContain(anchor);
  });

  it("are all in the operator's guide, with a remedy", () => {
    const rows = [...guide.matchAll(/^\| `Rollcall.*/gm)].flatMap(([row]) =>
      [...row.matchAll(/`(Rollcall\w+)`/g)].map(([, name]) => name),
    );
    expect(rows.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted());
  });

  it.each(named)("%s is tested both ways: it fires, and it does not", (name) => {
    const tests = alertTests.filter(({ alertname }) => alertname === name);
    expect(tests.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(tests.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });
});
