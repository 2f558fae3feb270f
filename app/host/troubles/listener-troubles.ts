import type { ClosedListener, ProcessFacts, ServedCertificate } from "./facts.ts";
import type { Trouble } from "./trouble.ts";

const ofPort = { domain: null, partitions: [], blocks: "nothing" } as const;
/** A certificate that is so near its end should have been renewed: a tenth of its life, at most a week. */
const soonMs = ({ validFromMs, expiresAtMs }: ServedCertificate): number =>
  Math.min((expiresAtMs - validFromMs) / 10, 7 * 86_400_000);

/** Ports that are closed, and certificates that will not do for long. */
export const listenerTroubles = ({ closedListeners = [], certificates = [], nowMs }: ProcessFacts): Trouble[] => [
  ...closedListeners.map(closedTrouble),
  ...certificates.flatMap((each) => certificateTrouble(each, nowMs)),
];

const closedTrouble = ({ name, reason, remedy, sinceMs }: ClosedListener): Trouble => ({
  ...{ ...ofPort, code: "LISTENER_CLOSED", subject: name, sinceMs },
  title: `the gateways of ${name} can't be called`,
  detail: `${reason}; it is tried again every 10 s`,
  remedy,
});

function certificateTrouble(served: ServedCertificate, nowMs: number): Trouble[] {
  const { listener: subject, file, expiresAtMs, refused } = served;
  const ends = new Date(expiresAtMs).toISOString().replace(".000", "");
  const found = { ...ofPort, code: "LISTENER_CERTIFICATE", subject } as const;
  if (refused)
    return [
      {
        ...found,
        sinceMs: refused.sinceMs,
        title: `the renewed certificate of ${subject} is not served`,
        detail: `${refused.reason}; the one of before is served, until ${ends}`,
        remedy: `${refused.remedy}, and send SIGHUP`,
      },
    ];
  const sinceMs = expiresAtMs - soonMs(served);
  if (nowMs < sinceMs) return [];
  return [
    {
      ...{ ...found, sinceMs },
      title: `the certificate of ${subject} ${nowMs < expiresAtMs ? "expires soon" : "has expired"}`,
      detail: `${file}, as it was read, is valid until ${ends}; clients refuse it afterwards`,
      remedy: `renew ${file} and its key, and send SIGHUP`,
    },
  ];
}
