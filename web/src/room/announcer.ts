/** What a screen reader is told beside the page: one sentence at a time, never a flood. */

export class Announcer {
  private readonly queue: string[] = [];
  private busy = false;

  /** At most this many sentences wait; more become none, since late news is noise. */
  static readonly longest = 4;
  /** Milliseconds each sentence stands, so that it is read to its end. */
  static readonly pause = 1600;

  constructor(
    private readonly region: HTMLElement,
    private readonly after: (milliseconds: number, run: () => void) => void = (milliseconds, run) => void setTimeout(run, milliseconds),
  ) {}

  say(sentence: string): void {
    if (this.queue.at(-1) === sentence || this.queue.length >= Announcer.longest) return;
    this.queue.push(sentence);
    if (!this.busy) this.next();
  }

  private next(): void {
    const sentence = this.queue.shift();
    this.busy = sentence !== undefined;
    this.region.textContent = sentence ?? "";
    if (this.busy) this.after(Announcer.pause, () => this.next());
  }
}
