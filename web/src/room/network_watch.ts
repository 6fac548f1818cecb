/** Looks at the line every other second and does what `network` says: our own picture goes first, the sound never. */

import { after, FRESH, sending, type Network } from "./network.js";
import type { Session } from "./session.js";

/** What the watch needs of a `Session`. */
export type Line = Pick<Session, "look" | "spare">;

export class NetworkWatch {
  private network: Network = FRESH;
  private looking = false;

  constructor(
    private readonly session: () => Line | null,
    private readonly changed: (network: Network) => void,
    private readonly sparePicture: (spare: boolean) => void,
    private readonly clock: () => number = () => performance.now() / 1000,
  ) {}

  /** A new session, or the person wants their picture back: hope for the best again. */
  begin(): void {
    this.network = { ...FRESH, patience: this.network.patience };
    this.changed(this.network);
  }

  rest(): void {
    this.network = FRESH;
  }

  /** Our own picture has been given up for the network's sake. */
  get weak(): boolean {
    return sending(this.network.step).picture === "none";
  }

  async look(): Promise<void> {
    const session = this.session();
    if (!session || this.looking) return;
    this.looking = true;
    try {
      const seen = await session.look();
      if (this.session() !== session) return;
      const before = this.network;
      this.network = after(before, { at: this.clock(), ...seen });
      if (this.network.step !== before.step) this.apply(session, before.step);
      if (this.network.words !== before.words || this.network.step !== before.step) this.changed(this.network);
    } finally {
      this.looking = false;
    }
  }

  private apply(session: Line, before: Network["step"]): void {
    const was = sending(before);
    const now = sending(this.network.step);
    session.spare(now);
    if ((was.picture === "none") !== (now.picture === "none")) this.sparePicture(now.picture === "none");
  }
}
