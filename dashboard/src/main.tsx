import { render } from "preact";
import { Shell } from "./shell";
import "./style.css";

const root = document.getElementById("page");
if (root) render(<Shell />, root);
