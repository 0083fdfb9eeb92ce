import { defineConfig } from "vite";

// The page lies at the base path and its files below assets/: the server gives this folder as that.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `./assets/${name}` : { relative: true }),
  },
  build: {
    outDir: "../assets",
    emptyOutDir: true,
    assetsDir: "",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
  },
});
