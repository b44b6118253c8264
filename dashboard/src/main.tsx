import { render } from "preact";
import { Shell, tell_outside } from "./shell";
import { hold_for_selection } from "./shell/hold";
import { listen_to_keys } from "./shell/listen_keys";
import { follow_theme } from "./shell/view";
import { listen } from "./stream/run";
import "./style.css";

const root = document.getElementById("page");
if (root) {
  follow_theme();
  listen_to_keys();
  hold_for_selection();
  listen();
  tell_outside();
  render(<Shell />, root);
}
