/** The sources have no import circle, not even of types: `npm run check`. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv } from "node:process";

const root = argv[2] ?? "src";
const files = readdirSync(root, { recursive: true })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => join(root, name));

/** The source that is meant; null for a package, a style, a picture. */
function resolve(from, wanted) {
  const path = join(dirname(from), wanted);
  return [`${path}.ts`, `${path}.tsx`, join(path, "index.ts"), join(path, "index.tsx")].find(existsSync) ?? null;
}

function importsOf(file) {
  const found = readFileSync(file, "utf8").matchAll(/\b(?:from |import |import\()"(\.[^"]+)"/g);
  return [...found].map(([, wanted]) => resolve(file, wanted)).filter((one) => one !== null);
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));
const done = new Set();

function visit(file, path) {
  const start = path.indexOf(file);
  if (start >= 0) throw new Error(`a circle of imports: ${[...path.slice(start), file].join(" -> ")}`);
  if (done.has(file)) return;
  for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
  done.add(file);
}

try {
  for (const file of files) visit(file, []);
  if (!files.length || ![...graph.values()].flat().length) throw new Error(`no imports are found below ${root}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
