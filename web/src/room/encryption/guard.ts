/**
 * Whether somebody's frames pass in the clear is, in livekit-client, what the media server says of their tracks. Here it is not
 * the media server's to say: unless the meeting has vouched that a leader allows it, everybody counts as encrypted, so that
 * nothing of ours goes out in the clear and nothing that was put in on the way is shown. livekit-client also tells its worker
 * every key anew for each track; what the worker knows already does not pass, or a picture waits behind it.
 */

interface Message {
  readonly kind: string;
  readonly data?: { readonly enabled?: boolean; readonly participantIdentity?: string; readonly key?: CryptoKey; readonly keyIndex?: number };
}

export class Guard {
  private readonly said = new Map<string, boolean>();
  /** By identity: the key at each index and, at -1, whether their frames are encrypted. */
  private readonly known = new Map<string, Map<number, unknown>>();
  private readonly post: (message: unknown, transfer: Transferable[]) => void;
  private plain = false;

  /** From here on whatever is posted to `worker` passes through here. */
  constructor(readonly worker: Worker) {
    this.post = worker.postMessage.bind(worker);
    worker.postMessage = (message: Message, transfer?: unknown) => {
      const { enabled, participantIdentity: identity, key, keyIndex = 0 } = message.data ?? {};
      if (message.kind === "enable" && typeof identity === "string") {
        this.said.set(identity, enabled === true);
        this.tell(identity);
      } else if (!identity || !key || this.isNews(identity, keyIndex, key)) this.post(message, Array.isArray(transfer) ? (transfer as Transferable[]) : []);
    };
  }

  /** Whether a leader has allowed that the meeting is not encrypted end to end. */
  allowPlain(plain: boolean): void {
    if (plain === this.plain) return;
    this.plain = plain;
    for (const identity of this.said.keys()) this.tell(identity);
  }

  /** Somebody has gone. */
  forget(identity: string): void {
    this.said.delete(identity);
    this.known.delete(identity);
  }

  get mayBePlain(): boolean {
    return this.plain;
  }

  private tell(identity: string): void {
    const enabled = !this.plain || this.said.get(identity) !== false;
    if (this.isNews(identity, -1, enabled)) this.post({ kind: "enable", data: { enabled, participantIdentity: identity } }, []);
  }

  private isNews(identity: string, about: number, what: unknown): boolean {
    const known = this.known.get(identity) ?? new Map<number, unknown>();
    const is = known.get(about) !== what;
    this.known.set(identity, known.set(about, what));
    return is;
  }
}
