// First, so that no other module sees the key in the address.
import "./server/session";
// What all pages share comes before what a part says of itself.
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/buttons.css";
import "./style/status.css";
import "./style/chips.css";
import "./style/forms.css";
import "./style/messages.css";
import "./style/dialogs.css";
import "./style/tables.css";
import "./style/boxes.css";
import "./style/page.css";
import { render } from "preact";
import { App } from "./app";
import "./ui/theme";

const root = document.getElementById("app");
if (root) render(<App />, root);
