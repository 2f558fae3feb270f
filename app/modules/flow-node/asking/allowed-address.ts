import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");
/** An IPv4 address in the form of IPv6: what it is called by does not change what it is. */
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", length] = network.split("/");
    if (length === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(length), familyOf(address));
  }
  return list;
}

/** Where clouds tell machines their secrets, whatever networks are allowed; and addresses that are nobody's own. */
const NEVER = blockList([
  ...["169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "100.100.100.200", "192.0.0.192"],
  ...["0.0.0.0/8", "::", "224.0.0.0/4", "ff00::/8", "255.255.255.255"],
]);

/** Whether an address may be asked. @param networks as the module's variable has them */
export function allowedAddresses(networks: readonly string[]): (address: string) => boolean {
  const allowed = blockList(networks);
  return (given) => {
    // A zone (`fe80::1%eth0`) is this machine's name of a link.
    const address = (given.split("%", 1)[0] ?? "").replace(MAPPED, "");
    const family = familyOf(address);
    return isIP(address) !== 0 && !NEVER.check(address, family) && allowed.check(address, family);
  };
}

export interface AskedAddresses {
  readonly isAllowed: (address: string) => boolean;
  /** All addresses of a name. Default: as this machine knows it. */
  readonly resolve?: (name: string, signal: AbortSignal) => Promise<readonly string[]>;
}

/** Look-ups take threads that are few and everybody's, also for long when no name server answers. */
const LOOKUPS_MAX = 2;
let lookups = 0;
const waiting: (() => void)[] = [];

async function resolved(name: string, signal: AbortSignal): Promise<readonly string[]> {
  if (lookups < LOOKUPS_MAX) lookups++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    // Whoever has waited too long is not looked up for.
    signal.throwIfAborted();
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else lookups--;
  }
}

/**
 * The address of a host that is asked: it is looked up once, so that a name which means another address a moment later
 * leads nowhere. Undefined: it has none that is allowed.
 * @throws Error it can't be resolved
 */
export async function allowedAddress(
  host: string,
  { isAllowed, resolve = resolved }: AskedAddresses,
  signal: AbortSignal,
): Promise<string | undefined> {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(bare) ? [bare] : await resolve(bare, signal);
  return addresses.find(isAllowed);
}
