/** A part of a page that fails alone: what stands beside it goes on. */

import type { ComponentChildren } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { Failure } from "./basics";

export function Boundary({ what, children }: { what: string; children: ComponentChildren }) {
  const [error, again] = useErrorBoundary((failed: unknown) => console.error(failed));
  if (!error) return <>{children}</>;
  const reason = error instanceof Error ? error.message : String(error);
  return <Failure error={new Error(`${what} cannot be shown: ${reason}`)} retry={again} />;
}
