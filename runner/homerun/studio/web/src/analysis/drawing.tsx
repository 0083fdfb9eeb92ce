/** A chart of ECharts in its place: drawn again when it, its place or the theme changes. */

import "./analysis.css";
import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useRef, useState } from "preact/hooks";
import { SHADES } from "../chart/curve/paints";
import { figure } from "../format";
import { Failure } from "../ui/basics";
import { theme } from "../ui/theme";
import { useSize } from "../use";

export interface Ink {
  ink: string;
  dim: string;
  line: string;
  page: string;
  lines: string[];
  /** A scale, for numbers. */
  shades: string[];
}

/** The colours of the theme as a canvas takes them: it knows no variables. */
function inkOf(element: Element): Ink {
  const probe = document.createElement("i");
  element.append(probe);
  const colour = (token: string): string => {
    probe.style.color = `var(${token})`;
    return getComputedStyle(probe).color;
  };
  const lines = Array.from({ length: 8 }, (_, at) => colour(`--line-${at + 1}`));
  const shades = Array.from({ length: SHADES }, (_, at) => colour(`--shade-${at + 1}`));
  const found = { ink: colour("--ink"), dim: colour("--dim"), line: colour("--line"), page: colour("--page"), lines, shades };
  probe.remove();
  return found;
}

/** What stands at both ends of a scale: its field's name above the greatest number. */
export function scaleOf(ink: Ink, name: string, { min, max }: { min: number; max: number }) {
  return {
    ...{ min, max, right: 0, top: "middle", calculable: false, textGap: 14 },
    text: [`${name}\n${figure(max)}`, figure(min)],
    textStyle: { color: ink.dim, lineHeight: 16, width: 100, overflow: "truncate" },
    inRange: { color: ink.shades },
  };
}

/** What ECharts tells of marked areas: which items of each series lie in them. */
interface Brushed {
  batch: { selected: { seriesIndex: number; dataIndex: number[] }[] }[];
}

const isBrushed = (event: unknown): event is Brushed => typeof event === "object" && event !== null && "batch" in event;

interface Props {
  title: string;
  option: (ink: Ink) => EChartsCoreOption;
  /** What the drawing is made of: another one is drawn when it changes. */
  of: unknown[];
  height: number;
  /** Called with the places of the items of the first series that were marked with the mouse; with none once it is drawn again, which ends a mark. */
  brushed?: (places: number[]) => void;
}

export function Drawing({ title, option, of, height, brushed }: Props) {
  const place = useRef<HTMLDivElement | null>(null);
  const [chart, setChart] = useState<EChartsType | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [attach, size] = useSize<HTMLDivElement>();
  const told = useRef(brushed);
  useEffect(() => {
    let made: EChartsType | null = null;
    let isGone = false;
    import("./echarts").then(({ init }) => {
      if (isGone || !place.current) return;
      made = init(place.current, null, { renderer: "canvas" });
      made.on("brushselected", (event) => {
        if (isBrushed(event))
          told.current?.([...new Set(event.batch.flatMap((one) => one.selected.flatMap((part) => (part.seriesIndex === 0 ? part.dataIndex : []))))]);
      });
      setChart(made);
    }, setError);
    return () => {
      isGone = true;
      made?.dispose();
    };
  }, []);
  useEffect(() => {
    if (!chart || !place.current) return;
    chart.resize();
    chart.setOption({ animation: false, ...option(inkOf(place.current)) }, { notMerge: true });
    // Places are of what is drawn, which may be older than what the next drawing is made of.
    told.current = brushed;
    brushed?.([]);
  }, [chart, size.width, theme.value, ...of]);
  if (error) return <Failure error={error} />;
  return (
    <div class="drawing" ref={attach} aria-busy={!chart}>
      <div ref={place} role="img" aria-label={title} style={{ height: `${height}px` }} />
    </div>
  );
}
