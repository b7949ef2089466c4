// Which addresses are public: where a request to somebody else's URL may go. What is not known to be public is refused.
// Lists: IANA special-purpose address registries, https://www.iana.org/assignments/iana-ipv4-special-registry
import { BlockList, isIP } from "node:net";

const refused = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10], // carrier-grade NAT
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // Azure's platform, reachable from inside only
  ["169.254.0.0", 16], // link-local, with the metadata of clouds
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24], // documentation, as are 198.51.100.0 and 203.0.113.0
  ["192.88.99.0", 24], // 6to4 relays
  ["192.168.0.0", 16],
  ["198.18.0.0", 15], // benchmarks
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4], // multicast
  ["240.0.0.0", 4], // reserved, and broadcast
] as const) {
  refused.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  ["2001::", 23], // protocol assignments, Teredo among them
  ["2001:db8::", 32], // documentation, as is 3fff::
  ["2002::", 16], // 6to4 carries an IPv4 address
  ["3fff::", 20],
] as const) {
  refused.addSubnet(network, prefix, "ipv6");
}

// Global unicast is the only part of IPv6 that is public: loopback, link-local, unique local, multicast, IPv4-mapped and
// NAT64 addresses lie outside.
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Tells whether an IP address is public. Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
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
  switch (isIP(address)) {
    case 4:
      return loopback.check(address, "ipv4");
    case 6:
      return address === "::1";
    default:
      return false;
  }
}
