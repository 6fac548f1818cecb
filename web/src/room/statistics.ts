/** Reads losses and round-trip time out of WebRTC's statistics (W3C webrtc-stats). Counters are totals, so two readings make a share. */

export interface Totals {
  readonly sent: number;
  readonly lostUp: number;
  readonly received: number;
  readonly lostDown: number;
  /** Seconds, or null when unknown. */
  readonly roundTrip: number | null;
}

export const NOTHING: Totals = { sent: 0, lostUp: 0, received: 0, lostDown: 0, roundTrip: null };

type Entry = Readonly<Record<string, unknown>>;
const number = (entry: Entry, name: string): number => (typeof entry[name] === "number" ? (entry[name] as number) : 0);

/** Adds up the reports of any number of senders and receivers. */
export function totals(reports: readonly Iterable<readonly [string, Entry]>[]): Totals {
  let { sent, lostUp, received, lostDown, roundTrip } = NOTHING;
  const seen = new Set<string>();
  for (const report of reports) {
    for (const [id, entry] of report) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (entry["type"] === "outbound-rtp") sent += number(entry, "packetsSent");
      else if (entry["type"] === "remote-inbound-rtp") {
        lostUp += Math.max(0, number(entry, "packetsLost"));
        if (typeof entry["roundTripTime"] === "number") roundTrip = Math.max(roundTrip ?? 0, entry["roundTripTime"]);
      } else if (entry["type"] === "inbound-rtp") {
        received += number(entry, "packetsReceived");
        lostDown += Math.max(0, number(entry, "packetsLost"));
      }
    }
  }
  return { sent, lostUp, received, lostDown, roundTrip };
}

/** Shares lost between two readings; null where too little was sent to say anything. */
export function losses(before: Totals, now: Totals): { lossUp: number | null; lossDown: number | null } {
  const share = (lost: number, of: number): number | null => (of < 20 ? null : Math.min(1, Math.max(0, lost / of)));
  const up = now.sent - before.sent;
  const lost = now.lostDown - before.lostDown;
  return { lossUp: share(now.lostUp - before.lostUp, up), lossDown: share(lost, now.received - before.received + Math.max(0, lost)) };
}
