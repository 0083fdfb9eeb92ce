/** The parts of ECharts that the analysis draws with; loaded when the first such chart is shown. */

import { BarChart, BoxplotChart, LineChart, ParallelChart, ScatterChart } from "echarts/charts";
import { BrushComponent, GridComponent, ParallelComponent, ToolboxComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([
  ...[BarChart, BoxplotChart, LineChart, ParallelChart, ScatterChart, CanvasRenderer],
  ...[BrushComponent, GridComponent, ParallelComponent, ToolboxComponent, TooltipComponent, VisualMapComponent],
]);

export { init };
