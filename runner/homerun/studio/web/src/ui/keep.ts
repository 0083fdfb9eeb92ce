/** Files that the page itself makes, kept by the browser. */

/** So long a browser may take to begin to keep a file. */
const KEPT_MS = 60_000;

export function keepFile(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name.replace(/[/\\]/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}

/** Rows as RFC 4180 has them, with all digits of each number. */
export const csvOfRows = (rows: readonly (readonly unknown[])[]): string => rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

/** A text that a spreadsheet would take for a formula stands behind a quote. */
function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const plain = typeof value === "object" ? JSON.stringify(value) : String(value);
  const text = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
