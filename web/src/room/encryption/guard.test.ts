import { describe, expect, it, vi } from "vitest";
import { Guard } from "./guard.js";

function guarded(): { guard: Guard; posted: ReturnType<typeof vi.fn>; enable: (identity: string, enabled: boolean) => void; told: () => unknown[] } {
  const posted = vi.fn();
  const worker = { postMessage: posted } as unknown as Worker;
  const guard = new Guard(worker);
  const enable = (participantIdentity: string, enabled: boolean): void => worker.postMessage({ kind: "enable", data: { enabled, participantIdentity } });
  const told = (): unknown[] => posted.mock.calls.map(([message]) => message).map(({ data }) => [data.participantIdentity, data.enabled]);
  return { guard, posted, enable, told };
}

describe("the guard", () => {
  it("lets nobody pass in the clear on the media server's word, least of all ourselves", () => {
    const { enable, told } = guarded();
    enable("karin", false);
    enable("me", false);
    enable("per", true);
    expect(told()).toEqual([["karin", true], ["me", true], ["per", true]]);
  });

  it("does so while a leader allows it, and takes it back", () => {
    const { guard, enable, told } = guarded();
    enable("karin", false);
    enable("per", true);
    guard.allowPlain(true);
    guard.allowPlain(true);
    guard.allowPlain(false);
    expect(told().slice(2)).toEqual([["karin", false], ["karin", true]]);
    expect(guard.mayBePlain).toBe(false);
  });

  it("forgets those who have gone", () => {
    const { guard, enable, told } = guarded();
    enable("karin", false);
    guard.forget("karin");
    guard.allowPlain(true);
    expect(told()).toHaveLength(1);
  });

  it("tells the worker once what is told for each track, and anew what is another key or of another person", () => {
    const { guard, posted } = guarded();
    const [first, second] = [{}, {}] as CryptoKey[];
    const setKey = (participantIdentity: string, keyIndex: number, key: CryptoKey | undefined): void => guard.worker.postMessage({ kind: "setKey", data: { participantIdentity, keyIndex, key } });
    const enable = (): void => guard.worker.postMessage({ kind: "enable", data: { enabled: true, participantIdentity: "karin" } });
    for (let track = 0; track < 3; track++) {
      enable();
      setKey("karin", 1, first);
      setKey("per", 1, first);
    }
    expect(posted).toHaveBeenCalledTimes(3);
    setKey("karin", 2, second);
    setKey("karin", 1, second); // a random one in an old one's place
    setKey("karin", 1, first);
    expect(posted).toHaveBeenCalledTimes(6);
    guard.forget("karin");
    setKey("karin", 1, first);
    setKey("per", 1, first);
    enable();
    expect(posted).toHaveBeenCalledTimes(8);
  });

  it("passes everything else on as it is, with what is handed over", () => {
    const { guard, posted } = guarded();
    const stream = {} as Transferable;
    guard.worker.postMessage({ kind: "encode", data: { participantIdentity: "me" } }, [stream]);
    guard.worker.postMessage({ kind: "init" });
    expect(posted.mock.calls).toEqual([[{ kind: "encode", data: { participantIdentity: "me" } }, [stream]], [{ kind: "init" }, []]]);
  });
});
