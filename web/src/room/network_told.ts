/** Tells the meeting's log when the network no longer carries pictures, and when it does again. The meeting takes a change each ten seconds. */

/** Seconds between two tries: the server keeps what it has until they have passed. */
export const TELL_EVERY = 10;

export class NetworkTold {
  private held = false;
  private triedAt: number | null = null;
  private telling = false;

  /** `tell` gives what the server holds afterwards; it may fail, and is then tried again. */
  constructor(
    private readonly tell: (weak: boolean) => Promise<boolean>,
    private readonly clock: () => number = () => performance.now() / 1000,
  ) {}

  /** A new stay in the room begins as good. */
  begin(): void {
    this.held = false;
  }

  /** At each look at the line. */
  async look(weak: boolean): Promise<void> {
    const now = this.clock();
    if (weak === this.held || this.telling || (this.triedAt !== null && now - this.triedAt < TELL_EVERY)) return;
    this.triedAt = now;
    this.telling = true;
    try {
      this.held = await this.tell(weak);
    } catch {
      // The network is weak: this is only for the log, and the next look tries again.
    } finally {
      this.telling = false;
    }
  }
}
