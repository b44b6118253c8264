// What failed, why, may I try again? `#letters` lists the letters, `#letters/<id>` shows one.

import type { ScreenProps } from "../shell/route";
import { Detail } from "./detail";
import { List } from "./list";
import "./style.css";

export function Screen({ arg }: ScreenProps) {
  return (
    <>
      <h1>{arg === null ? "Letters" : "Letter"}</h1>
      {arg === null ? <List /> : <Detail key={arg} id={arg} />}
    </>
  );
}
