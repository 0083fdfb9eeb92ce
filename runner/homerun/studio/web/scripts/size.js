/** What a browser loads before anything is shown is small: `npm run check`. What is loaded later, by `import()`, is not counted. */

import { gzipSync } from "node:zlib";
import { build } from "vite";

const MOST_BYTES = 120_000;

const { output } = await build({ logLevel: "warn", build: { write: false } });
const byName = new Map(output.map((one) => [one.fileName, one]));
const counted = new Map();

function add(name) {
  const file = byName.get(name);
  if (!file || counted.has(name)) return;
  counted.set(name, gzipSync(file.type === "chunk" ? file.code : file.source).length);
  for (const next of [...(file.imports ?? []), ...(file.viteMetadata?.importedCss ?? [])]) add(next);
}

for (const one of output) if (one.isEntry) add(one.fileName);
const total = [...counted.values()].reduce((sum, size) => sum + size, 0);
if (!total) throw new Error("no entry is found in what Vite builds");
const parts = [...counted].map(([name, size]) => `${name} ${size}`).join(", ");
console.log(`${total} bytes gzipped are loaded at first (at most ${MOST_BYTES}): ${parts}`);
if (total > MOST_BYTES) {
  console.error("Load what one page alone needs by import(), or leave a package out.");
  process.exitCode = 1;
}
