/** QR codes as one SVG path, drawn module by module (ISO/IEC 18004, by npm's uqr). */

import { encode } from "uqr";

/** The path of the dark modules and how many modules there are across, quiet zone included. */
export function qrPath(content: string): { readonly path: string; readonly size: number } {
  const { data, size } = encode(content, { ecc: "L", border: 1 });
  let path = "";
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      path += `M${start} ${y}h${x - start + 1}v1H${start}z`;
    }
  });
  return { path, size };
}
