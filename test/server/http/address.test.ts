import { describe, expect, test } from "bun:test";
import { isIn, readAddress, readNetwork } from "../../../server/http/address.ts";

describe("an address", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
  ])("%p is %s", (text, address) => {
    expect(readAddress(text)?.toString()).toBe(address);
  });

  test.each(["", "example.com", "127.1", "0x7f.0.0.1", "010.0.0.1", "1.2.3.256", "1::2::3", "[::1]", "::1/128"])(
    "%p is none",
    (text) => {
      expect(readAddress(text)).toBeNull();
    },
  );
});

describe("a network", () => {
  test.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.3", "10.1.2.4", false],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["fd00::/8", "fd12::1", true],
    ["fd00::/8", "10.0.0.1", false],
    ["fe80::%eth0/10", "fe80::1", true],
    ["::ffff:10.0.0.0/104", "10.1.1.1", true],
    ["::ffff:10.0.0.0/104", "11.1.1.1", false],
    ["::/0", "2001:db8::1", true],
  ])("%p and %p: %p", (network, address, isInside) => {
    const [read, one] = [readNetwork(network), readAddress(address)];
    expect(read && one && isIn(one, [read])).toBe(isInside);
  });

  test.each(["proxy.example", "10.0.0.0/33", "::1/129", "10.0.0.0/8/8", "10/8", "10.0.0.0/", "/8", "10.0.0.0/-1"])(
    "%p is none",
    (text) => {
      expect(readNetwork(text)).toBeNull();
    },
  );
});
