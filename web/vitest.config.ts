import { defineConfig } from "vitest/config";
import { iconDrawing } from "./icons.mjs";

export default defineConfig({
  plugins: [
    {
      name: "icons",
      enforce: "pre",
      load: (id) => (id.includes("/lucide-static/icons/") ? `export default ${JSON.stringify(iconDrawing(id))}` : null),
    },
  ],
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"], testTimeout: 60_000 },
});
