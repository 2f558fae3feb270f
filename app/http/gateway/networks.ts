import { BlockList, isIP } from "node:net";

const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");
/** An IPv4 address, as a socket for both families tells it. */
const MAPPED = /^::ffff:(?=\d+\.)/i;

/** @param networks none: every address may */
export function admissionOf(networks: readonly string[]): (address: string) => boolean {
  if (networks.length === 0) return () => true;
  const allowed = new BlockList();
  for (const network of networks) {
    const [address = "", length] = network.split("/");
    if (length === undefined) allowed.addAddress(address, familyOf(address));
    else allowed.addSubnet(address, Number(length), familyOf(address));
  }
  return (sent) => {
    const address = sent.replace(MAPPED, "");
    return allowed.check(address, familyOf(address));
  };
}
