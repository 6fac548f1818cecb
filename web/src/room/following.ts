/** Hears the meeting: its event socket, and a plain question where the socket does not open. Knows for how long nothing was heard. */

import type { Connection, Events, MeetingClient, Passed, Shut } from "../client.js";
import type { MeetingEvent } from "../meeting.js";
import type { Ending } from "./model.js";

interface Around {
  readonly client: MeetingClient;
  readonly heard: (event: MeetingEvent) => void;
  /** Another page said something about keys. */
  readonly passed: (passed: Passed) => void;
  readonly connection: (connection: Connection) => void;
  /** The server has closed the door for good. */
  readonly shut: (why: Ending) => void;
}

export class Following {
  private events: Events | null = null;
  private lostAt: number | null = null;

  constructor(
    private readonly around: Around,
    private readonly clock: () => number = Date.now,
  ) {}

  begin(): void {
    this.close();
    this.events = this.around.client.events(
      (event) => this.around.heard(event),
      (connection) => {
        this.lostAt = connection === "open" ? null : (this.lostAt ?? this.clock());
        this.around.connection(connection);
      },
      (why) => void this.shut(why),
      (passed) => this.around.passed(passed),
    );
  }

  close(): void {
    this.events?.close();
    this.events = null;
    this.lostAt = null;
  }

  /** To the other pages in the room. */
  say(body: string): void {
    this.events?.say(body);
  }

  /** The server can be reached again: no need to sit out the back-off. */
  hurry(): void {
    this.events?.hurry();
  }

  /** Milliseconds without the meeting's word. */
  get blind(): number {
    return this.lostAt === null ? 0 : this.clock() - this.lostAt;
  }

  /** Asks once, as if the socket had told it. Raises Problem. */
  async ask(): Promise<void> {
    const state = await this.around.client.state();
    this.around.heard({ event: "state", at: new Date(this.clock()).toISOString(), participant: null, state });
  }

  /** The close code says why, except that "out" is removed or denied. */
  private async shut(why: Shut): Promise<void> {
    switch (why) {
      case "logged-out":
        return this.around.shut("unidentified");
      case "unknown":
      case "elsewhere":
      case "ended":
        return this.around.shut(why);
      case "out": {
        const state = await this.around.client.state().catch(() => null);
        this.around.shut(state?.me.state === "denied" ? "denied" : "removed");
      }
    }
  }
}
