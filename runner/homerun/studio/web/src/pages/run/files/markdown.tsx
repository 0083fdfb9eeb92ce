/** A text that is written in Markdown. */

import { useEffect, useRef } from "preact/hooks";
import { useLoaded } from "../../../use";

export function Markdown({ text }: { text: string }) {
  const box = useRef<HTMLDivElement>(null);
  const loaded = useLoaded(async () => (await import("./markup")).markup(text), [text]);
  useEffect(() => {
    if (loaded.data) box.current?.replaceChildren(loaded.data);
  }, [loaded.data]);
  if (loaded.error) return <pre class="scrolled">{text}</pre>;
  return <div ref={box} class="prose" aria-busy={!loaded.data} />;
}
