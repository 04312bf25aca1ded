// Whole, as its functions call each other by `this`.
import ipaddr, { IPv4, IPv6 } from "ipaddr.js";

export type Address = IPv4 | IPv6;
/** The first address of a network, and how many of its bits all the others share. */
export type Network = [Address, number];

/**
 * The address that `text` is, without its zone, and an IPv4 one without the IPv6 clothing in which a socket may show it; null
 * for what is none.
 */
export function readAddress(text: string): Address | null {
  // Not what C takes besides: 127.1, or parts in octal and hexadecimal.
  const isAddress = IPv4.isValidFourPartDecimal(text) || IPv6.isValid(text);
  return isAddress ? ipaddr.process(withoutZone(text)) : null;
}

/** The network that `text` is, such as 10.0.0.0/8; an address is a network of one. Null for what is neither. */
export function readNetwork(text: string): Network | null {
  if (!text.includes("/")) {
    const address = readAddress(text);
    return address && [address, address.kind() === "ipv4" ? 32 : 128];
  }
  const plain = withoutZone(text);
  if (!IPv4.isValidCIDRFourPartDecimal(plain) && !IPv6.isValidCIDR(plain)) return null;
  const [address, bits] = ipaddr.parseCIDR(plain);
  const isClothed = address instanceof IPv6 && address.isIPv4MappedAddress() && bits >= clothingBits;
  return isClothed ? [address.toIPv4Address(), bits - clothingBits] : [address, bits];
}

/** Of ::ffff:0:0/96, in which the IPv4 addresses are. */
const clothingBits = 96;

const withoutZone = (text: string) => text.replace(/%[^/]*/, "");

/** Whether `address` is in one of `networks`. */
export const isIn = (address: Address, networks: Network[]): boolean =>
  ipaddr.subnetMatch(address, { networks }, "none") === "networks";
