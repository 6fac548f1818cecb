import { describe, expect, it } from "vitest";
import { Identification, isPhone, localPath, type Status, type View } from "./identify";

interface Call {
  readonly address: string;
  readonly method: string;
  readonly body: unknown;
}

class Screen implements View {
  readonly seen: string[] = [];
  say(text: string): void {
    this.seen.push(`say ${text}`);
  }
  draw(content: string): void {
    this.seen.push(`draw ${content}`);
  }
  ready(started: { transaction: string }): void {
    this.seen.push(`ready ${started.transaction}`);
  }
  scanned(): void {
    this.seen.push("scanned");
  }
  failed(text: string): void {
    this.seen.push(`failed ${text}`);
  }
  done(next: string): void {
    this.seen.push(`done ${next}`);
  }
}

function server(answers: readonly (Status | "offline" | number)[]) {
  const calls: Call[] = [];
  let orders = 0;
  let at = 0;
  const request = async (address: string, init?: RequestInit): Promise<Response> => {
    calls.push({ address, method: init?.method ?? "GET", body: init?.body ? JSON.parse(String(init.body)) : undefined });
    if (address === "/auth/bankid/start") {
      orders += 1;
      return Response.json({ transaction: `t${orders}`, autoStartToken: "a", app: "bankid:///", qr: "q0" });
    }
    const answer = answers[Math.min(at++, answers.length - 1)];
    if (answer === "offline") throw new TypeError("network");
    if (typeof answer === "number") return Response.json({ detail: "Börja om." }, { status: answer });
    return Response.json(answer);
  };
  return { calls, request };
}

const soon = async (): Promise<void> => undefined;
const pending: Status = { status: "pending", hintCode: "outstandingTransaction", message: "Starta BankID-appen.", qr: "q1" };

describe("an identification", () => {
  it("draws a new code each second and goes on when it is complete", async () => {
    const screen = new Screen();
    const { calls, request } = server([pending, { ...pending, hintCode: "userSign" }, { status: "complete", next: "/meetings/1" }]);
    await new Identification({ invitation: "x" }, screen, request, soon).start();
    expect(screen.seen).toContain("draw q1");
    expect(screen.seen).toContain("scanned");
    expect(screen.seen.at(-1)).toBe("done /meetings/1");
    expect(calls[0]?.body).toEqual({ invitation: "x" });
  });

  it("shows a new code by itself when nobody read the first", async () => {
    const screen = new Screen();
    const unused: Status = { status: "failed", hintCode: "startFailed", message: "Misslyckades" };
    const { request } = server([unused, { status: "complete", next: "/today" }]);
    await new Identification({}, screen, request, soon).start();
    expect(screen.seen).toContain("ready t2");
    expect(screen.seen.at(-1)).toBe("done /today");
  });

  it("stops renewing after a while and says the server's words", async () => {
    const screen = new Screen();
    const { calls, request } = server([{ status: "failed", hintCode: "startFailed", message: "Misslyckades" }]);
    await new Identification({}, screen, request, soon).start();
    expect(calls.filter((call) => call.address === "/auth/bankid/start")).toHaveLength(4);
    expect(screen.seen.at(-1)).toBe("failed Misslyckades");
  });

  it("keeps trying when the network is gone", async () => {
    const screen = new Screen();
    const { request } = server(["offline", 503, { status: "complete", next: "/today" }]);
    await new Identification({}, screen, request, soon).start(true);
    expect(screen.seen.some((text) => text.startsWith("say Du har tappat nätet."))).toBe(true);
    expect(screen.seen.at(-1)).toBe("done /today");
  });

  it("ends with the problem's words when the order is unknown", async () => {
    const screen = new Screen();
    const { request } = server([404]);
    await new Identification({}, screen, request, soon).start();
    expect(screen.seen.at(-1)).toBe("failed Börja om.");
  });

  it("tells the server when it is cancelled, and is quiet afterwards", async () => {
    const screen = new Screen();
    const { calls, request } = server([pending]);
    let turns = 0;
    const identification: Identification = new Identification({}, screen, request, async () => {
      turns += 1;
      if (turns === 2) await identification.cancel();
    });
    await identification.start();
    expect(calls.at(-1)).toMatchObject({ address: "/auth/bankid/t1/cancel", method: "POST" });
    expect(screen.seen.at(-1)).toMatch(/^failed Identifieringen avbröts/);
  });
});

describe("a start that BankID has no time for", () => {
  const busy = (seconds: string | null, times: number) => {
    let starts = 0;
    const request = async (address: string): Promise<Response> => {
      if (address !== "/auth/bankid/start") return Response.json({ status: "complete", next: "/today" });
      starts += 1;
      if (starts > times) return Response.json({ transaction: "t", autoStartToken: "a", app: "bankid:///", qr: "q" });
      const headers: HeadersInit = seconds === null ? {} : { "Retry-After": seconds };
      return Response.json({ detail: "Många identifierar sig." }, { status: 429, headers });
    };
    return { request, count: () => starts };
  };

  it("is made again by itself when the server says when", async () => {
    const screen = new Screen();
    const waited: number[] = [];
    const { request } = busy("7", 1);
    await new Identification({}, screen, request, async (ms) => void waited.push(ms), () => 0.5).start();
    expect(waited[0]).toBe(8500);
    expect(screen.seen[0]).toMatch(/^say Många identifierar sig\. Sidan försöker igen/);
    expect(screen.seen.at(-1)).toBe("done /today");
  });

  it("is given up after a few times, and at once without a time", async () => {
    for (const [seconds, starts] of [["5", 4], [null, 1], ["900", 1]] as const) {
      const screen = new Screen();
      const { request, count } = busy(seconds, 99);
      await new Identification({}, screen, request, soon).start();
      expect(count()).toBe(starts);
      expect(screen.seen.at(-1)).toBe("failed Många identifierar sig.");
    }
  });
});

describe("addresses", () => {
  it("only goes to paths of this server", () => {
    expect(localPath("/today")).toBe("/today");
    for (const bad of ["//evil.example", "/\\evil.example", "https://evil.example", "", null]) expect(localPath(bad)).toBe("/");
  });

  it("knows a phone", () => {
    expect(isPhone("Mozilla/5.0 (Macintosh; Intel Mac OS X)", 5)).toBe(true);
    expect(isPhone("Mozilla/5.0 (X11; Linux x86_64)", 10)).toBe(false);
  });
});
