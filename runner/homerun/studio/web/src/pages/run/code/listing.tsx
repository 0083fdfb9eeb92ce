/** The lines of a text, each with its look. */

import "./code.css";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useLoaded } from "../../../use";

const MOST_LINES = 20_000;

interface ListingProps {
  text: string;
  look: (line: string, at: number) => string;
  /** Which one is to be seen, counted from 1. */
  line?: number;
  isNumbered?: boolean;
  isPython?: boolean;
}

export function Listing({ text, look, line = 0, isNumbered = false, isPython = false }: ListingProps) {
  const whole = text.replace(/\n$/, "");
  const lines = whole.split("\n");
  // The text is there at once; its colours come as soon as they are loaded.
  const colours = useLoaded(async () => (isPython ? (await import("./colours")).coloured(whole) : null), [whole, isPython]);
  const box = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => box.current?.querySelector(".is-marked")?.scrollIntoView({ block: "center" }), [text, line]);
  return (
    <pre ref={box} class={`listing scrolled is-tall ${isNumbered ? "is-numbered" : ""}`} tabIndex={0}>
      {lines.slice(0, MOST_LINES).map((one, at) => (
        <span key={at} class={look(one, at)}>
          {colours.data?.[at]?.map((piece, place) =>
            piece.look ? (
              <span key={place} class={piece.look}>
                {piece.text}
              </span>
            ) : (
              piece.text
            ),
          ) ?? one}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
