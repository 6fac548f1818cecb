import { expect, it } from "vitest";
import { qrPath } from "./qr";

it("draws the finder pattern and nothing outside the code", () => {
  const { path, size } = qrPath("bankid.67df3917-fa0d-44e5-b327-edcc928297f8.0.dc69358e712458a66a7525beef148ae8526b1c71610eff2c16cdffb4cdac9bf8");
  expect(path.startsWith("M1 1h7v1H1z")).toBe(true);
  expect(size).toBeGreaterThan(40);
  for (const [, x] of path.matchAll(/M(\d+) /g)) expect(Number(x)).toBeLessThan(size);
});
