/** base64url without padding (RFC 4648, section 5), as keys, signatures and hashes are written in messages. */

export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

export function encode(bytes: Uint8Array | ArrayBuffer): string {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Null for anything but the one spelling `encode` gives. */
export function decode(text: string): Bytes | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
    return encode(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

export async function sha256(...lines: readonly string[]): Promise<string> {
  return encode(await crypto.subtle.digest("SHA-256", utf8(lines.join("\n"))));
}
