// First, so that no other module sees the key in the address.
import "./server/session";
// What all pages share comes before what a part says of itself.
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/pages.css";
import "./style/table.css";
import { render } from "preact";
import { App } from "./app";
import "./ui/theme";

const root = document.getElementById("app");
if (root) render(<App />, root);
