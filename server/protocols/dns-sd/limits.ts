/** What is believed of announcements on the network. Anybody there may send them, so everything is counted. */

const KIB = 1024;
const MIB = 1024 * KIB;

export const dnsSdLimits = {
  /** RFC 6762 section 5.2: at least a second between two queries; three of them outlive two lost packets. */
  rounds: 3,
  roundMs: 1000,
  /** RFC 6762 section 17: nothing larger may be sent, not even in fragments. */
  maxPacketBytes: 9000,
  /** A printer answers with a packet for each service and round; a hundred printers with some 600. */
  maxPackets: 2000,
  /** Those 600 packets have half a KiB each. The most wicked 1 MiB, all pointers to pointers, takes a second to decode. */
  maxBytes: 1 * MIB,
  /** A record has at least 11 bytes, an honest one 30: in the largest packet there are no more. */
  maxRecordsPerPacket: 400,
  /** A hundred printers that announce themselves twice, with TLS and without. */
  maxInstances: 200,
  /** Each instance names one host. */
  maxHosts: 200,
  /** A printer with cable and radio, two addresses of IPv4 and several of IPv6. */
  maxAddressesPerHost: 8,
  /** RFC 6763 section 6.2 wants 1300 at most; lists of formats make those of some printers longer. */
  maxTxtBytes: 4 * KIB,
  /** RFC 6763 section 4.1.1: one label of DNS. */
  maxLabelBytes: 63,
  /** What goes through every network in one piece. */
  maxQueryBytes: 1400,
  /** A machine with more is a router or a host of containers, whose inner networks have no printers. */
  maxNetworks: 16,
} as const;
