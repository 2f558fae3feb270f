import { fileURLToPath } from "node:url";
import { PageList, PageShelve, PageUnshelve, pagesCode, pagesFolder } from "../../contract/pages-domain.ts";
import { judgeAtRest } from "../../promises/at-rest.ts";
import { EntityHistory, type Protocol } from "../../promises/entity-history.ts";
import { Judge } from "../../promises/judge.ts";
import { retainedIn } from "../../shell/purges/retained.ts";
import { REFUSED_ADDRESS } from "../catalog.ts";
import type { ObservedSystem } from "../checks/observed-system.ts";
import { addPurged } from "../checks/purges.ts";
import { Sender } from "../sender.ts";
import type { Actions, DomainChecks, SimulatedDomain } from "../simulated-domain.ts";
import { schemasIn } from "../sql/schema.ts";
import { Json } from "../sql/values.ts";
import { catalogueEffect, compiledToy, entryOf, topicOf, withEffects } from "./compiled-toy.ts";
import { DocumentAnswers } from "./document-answers.ts";

/** A week is too long to be simulated. */
const RETAIN_MS = 3_000;
const PAGES = retainedIn(compiledToy(pagesFolder, pagesCode()), "REMOVED", RETAIN_MS);
const TOPIC = topicOf(PAGES, "WritePage");
const written = { type: "PageShelved", payload: {} };
const listed = { type: "PageListed", payload: {} };

const PROTOCOL: Protocol = {
  attemptField: "attempt_id",
  begins: { type: "PageChanged", to: "SAVING" },
  isOneLife: true,
  follows: {
    PageChanged: { from: ["SAVING", "SAVED", "UNSAVED", "REMOVED"], to: "SAVING" },
    PageSaved: { from: ["SAVING"], to: "SAVED" },
    PageNotSaved: { from: ["SAVING"], to: "UNSAVED" },
    PageRemoved: { from: ["SAVING", "SAVED", "UNSAVED"], to: "REMOVED" },
  },
  ended: [],
  underWay: ["SAVING"],
  promisedBy: [],
  firings: [],
};

class PageJudge extends Judge<EntityHistory> {
  protected newHistory(id: string): EntityHistory {
    return new EntityHistory(id, PROTOCOL);
  }
  protected judge(): void {}
}

/** Documents that several people write at once. */
export const domain: SimulatedDomain = {
  name: PAGES.name,
  domainOn: (registry, _sql, hash) =>
    withEffects(
      PAGES,
      [
        catalogueEffect(
          PageShelve,
          registry,
          ({ entityId, version, payload }) => {
            return entryOf(entityId, version, String(payload["text"]));
          },
          written,
        ),
        catalogueEffect(PageUnshelve, registry, ({ entityId, version }) => {
          return { kind: "deregister", serviceId: entityId, version };
        }),
        catalogueEffect(
          PageList,
          registry,
          ({ entityId, version }) => entryOf(`list ${entityId}`, version, null),
          listed,
        ),
      ],
      hash,
    ),
  schemas: schemasIn([fileURLToPath(new URL("../../../runtime/adapters/migrations", import.meta.url))]),
  inputs: [TOPIC],
  unjournaled: [],
  periodMs: 30_000,
  populate(system) {
    const clock = { skewMs: 0, statesTimes: false };
    const tell = (text: () => string): void => system.addToTranscript(text);
    const pages = ["home", "help"].map((id) => new Sender(id, clock, system.broker, system.random, tell));
    return { actions: actionsOf(pages), fallSilent: () => {} };
  },
  checks: pageChecks,
};

const actionsOf = (pages: readonly Sender[]): Actions => ({
  write: [
    10,
    (_, random) => {
      const page = random.pick(pages);
      const text = random.chance(0.1) ? REFUSED_ADDRESS : random.uuid();
      page.send(TOPIC, { page_id: page.id, text }, { as: "WritePage", inWrongPartition: random.chance(0.05) });
    },
  ],
  remove: [
    2,
    (_, random) => {
      const page = random.pick(pages);
      page.send(TOPIC, { page_id: page.id }, { as: "RemovePage" });
    },
  ],
  nothing: [6, () => {}],
});

function pageChecks({ report, database, catalog }: ObservedSystem): DomainChecks {
  const judge = new PageJudge(report, { clocksMs: 0 });
  const answers = new DocumentAnswers(report);
  return {
    judge,
    firings: PROTOCOL.firings,
    onAppended() {},
    onStep: (line, events) => answers.onStep(line, events),
    onCommitted({ lines }) {
      for (const line of lines) if (line.kind === "end") answers.onEndedIntent(line.correlation_id);
    },
    atRest() {
      answers.atRest();
      const rows = database.table("entity");
      const entities = new Map(
        rows.map((row) => [String(row["entity_id"]), { state: row["state"], seq: Number(row["seq"]) }]),
      );
      addPurged(entities, judge.entities.keys(), PAGES.name, database);
      judgeAtRest(judge.entities, { entities }, report, ({ id, state }, say) => {
        const data = database.table("entity_data").find((row) => row["entity_id"] === id)?.["data"];
        const text = data instanceof Json ? (data.value as { readonly text: string }).text : undefined;
        const shelved = catalog.get(id)?.address;
        if (state === "SAVED" && shelved !== text) say("G10", `its shelf has ${shelved}, not ${text}`);
        if ((state === "REMOVED" || state === null) && shelved !== undefined)
          say("G10", `its shelf still has ${shelved}`);
      });
    },
  };
}
