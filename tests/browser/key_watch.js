// Runs before the page's own scripts: remembers every sender key the page takes into use, so that a test can look for
// them where they must not be.
(() => {
  window.senderKeys = [];
  const take = crypto.subtle.importKey.bind(crypto.subtle);
  crypto.subtle.importKey = (format, data, algorithm, ...rest) => {
    if (format === "raw" && algorithm === "HKDF" && rest[1]?.includes("deriveBits")) {
      window.senderKeys.push([...new Uint8Array(data.buffer ?? data)].map((one) => one.toString(16).padStart(2, "0")).join(""));
    }
    return take(format, data, algorithm, ...rest);
  };
})();
