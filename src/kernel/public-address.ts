// Which addresses a request to somebody else's URL may reach: those of the public internet, by the registries of special
// addresses (RFC 6890 and IANA's tables for IPv4 and IPv6). Node only, and asked for only when used.

import type { BlockList } from "node:net";

const special4 = [
  "0.0.0.0/8", // this network
  "100.64.0.0/10", // carrier-grade NAT
  "168.63.129.16/32", // Azure's platform, reachable from inside only
  "169.254.0.0/16", // link-local, and with it the clouds' metadata services
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, and broadcast
];
const private4 = ["10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

// All that is in use of IPv6's global addresses. Outside lie loopback, v4-mapped, NAT64, discard, unique local,
// link-local, site-local and multicast addresses.
const global6 = ["2000::/3"];
const special6 = [
  "2001::/23", // protocol assignments, Teredo among them
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, which carries any IPv4 address
  "3fff::/20", // documentation
];
const private6 = ["::1/128", "fc00::/7"];

/** Makes the check. With `allowPrivate`, loopback and private networks pass too, and nothing else. */
export function addressCheck(allowPrivate: boolean): (address: string) => boolean {
  const { isIP } = process.getBuiltinModule("node:net");
  const refused4 = listOf(allowPrivate ? special4 : [...special4, ...private4], "ipv4");
  const allowed6 = listOf(allowPrivate ? [...global6, ...private6] : global6, "ipv6");
  const refused6 = listOf(special6, "ipv6");
  return (address) => {
    switch (isIP(address)) {
      case 4:
        return !refused4.check(address, "ipv4");
      case 6:
        return allowed6.check(address, "ipv6") && !refused6.check(address, "ipv6");
      default:
        return false;
    }
  };
}

let publicOnly: ((address: string) => boolean) | undefined;

/** Tells whether an IP address is public. Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
  return (publicOnly ??= addressCheck(false))(address);
}

/** Tells whether an IP address is this machine's own, in the plain notations only. */
export function isLoopbackAddress(address: string): boolean {
  const { isIP } = process.getBuiltinModule("node:net");
  return address === "::1" || (isIP(address) === 4 && address.startsWith("127."));
}

function listOf(networks: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new (process.getBuiltinModule("node:net").BlockList)();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    list.addSubnet(address, Number(prefix), family);
  }
  return list;
}
