import { describe, expect, it } from "vitest";
import { addressCheck } from "./public-address.ts";

const isPublic = addressCheck(false);
const isPublicOrPrivate = addressCheck(true);

// Ends of ranges, and what lies just outside them.
const refused = `
0.0.0.0 0.255.255.255 100.64.0.0 100.127.255.255 169.254.0.0 169.254.169.254 169.254.255.255 192.0.0.0 192.0.0.255
192.0.2.1 192.88.99.1 198.18.0.0 198.19.255.255 198.51.100.7 203.0.113.255 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255
:: ::ffff:8.8.8.8 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe ::127.0.0.1 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 2001::1
2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 3fff::1 3fff:fff::1
5f00::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 4000::1
1.2.3 8.8.8.8:80 localhost [::1] 0x7f.1
`
  .trim()
  .split(/\s+/);

const privateOnes = `
10.0.0.0 10.255.255.255 127.0.0.1 127.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 ::1 fc00::1
fdff:ffff::1
`
  .trim()
  .split(/\s+/);

const allowed = `
1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.88.98.1 192.167.255.255 192.169.0.0 198.17.255.255
198.20.0.0 198.51.99.1 203.0.112.1 203.0.114.0 223.255.255.255
2001:200::1 2001:4860:4860::8888 2606:4700::1111 2a00:1450:4001::1 3ffe::1
`
  .trim()
  .split(/\s+/);

describe("an address", () => {
  it.each(refused)("%s is never reached", (address) => {
    expect([isPublic(address), isPublicOrPrivate(address)]).toEqual([false, false]);
  });

  it.each(privateOnes)("%s is reached where private hosts are allowed", (address) => {
    expect([isPublic(address), isPublicOrPrivate(address)]).toEqual([false, true]);
  });

  it.each(allowed)("%s is reached", (address) => {
    expect([isPublic(address), isPublicOrPrivate(address)]).toEqual([true, true]);
  });
});
