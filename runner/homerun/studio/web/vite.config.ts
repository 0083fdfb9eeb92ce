import { defineConfig } from "vitest/config";

// Addresses are relative, so that the page works wherever a proxy puts it.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../assets",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    target: "es2023",
  },
  test: { include: ["tests/**/*.test.ts"] },
});
