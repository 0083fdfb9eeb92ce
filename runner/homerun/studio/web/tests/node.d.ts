/** The one thing of Node that a test uses. */
declare module "node:fs" {
  export function readFileSync(path: string, encoding: "utf8"): string;
}
