// Which addresses are public: where a request to somebody else's URL may go. What is not known to be public is refused.
// Lists: IANA special-purpose address registries, https://www.iana.org/assignments/iana-ipv4-special-registry
import { BlockList, isIP } from "node:net";

const special: readonly (readonly [network: string, prefix: number, family: "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"], // carrier-grade NAT
  ["127.0.0.0", 8, "ipv4"],
  ["168.63.129.16", 32, "ipv4"], // Azure's platform, reachable from inside only
  ["169.254.0.0", 16, "ipv4"], // link-local, with the metadata of clouds
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.0.2.0", 24, "ipv4"], // documentation, as are 198.51.100.0 and 203.0.113.0
  ["192.88.99.0", 24, "ipv4"], // 6to4 relays
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"], // benchmarks
  ["198.51.100.0", 24, "ipv4"],
  ["203.0.113.0", 24, "ipv4"],
  ["224.0.0.0", 4, "ipv4"], // multicast
  ["240.0.0.0", 4, "ipv4"], // reserved, and broadcast
  ["2001::", 23, "ipv6"], // protocol assignments, Teredo among them
  ["2001:db8::", 32, "ipv6"], // documentation, as is 3fff::
  ["2002::", 16, "ipv6"], // 6to4 carries an IPv4 address
  ["3fff::", 20, "ipv6"],
];

// Made when first asked: a runtime without block lists loads this file too, and fetches by other means.
let lists: { readonly refused: BlockList; readonly globalUnicast: BlockList } | undefined;

function blockLists(): NonNullable<typeof lists> {
  if (lists !== undefined) return lists;
  const refused = new BlockList();
  for (const [network, prefix, family] of special) refused.addSubnet(network, prefix, family);
  // The only part of IPv6 that is public: loopback, link-local, unique local, multicast, IPv4-mapped and NAT64 addresses
  // lie outside.
  const globalUnicast = new BlockList();
  globalUnicast.addSubnet("2000::", 3, "ipv6");
  lists = { refused, globalUnicast };
  return lists;
}

/** Tells whether an IP address is public. Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
  const { refused, globalUnicast } = blockLists();
  switch (isIP(address)) {
    case 4:
      return !refused.check(address, "ipv4");
    case 6:
      return globalUnicast.check(address, "ipv6") && !refused.check(address, "ipv6");
    default:
      return false;
  }
}

/** Tells whether an IP address is this machine's own, in the plain notations only. */
export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}
