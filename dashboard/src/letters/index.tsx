// What failed, why, may I try again? `#letters` lists the letters, `#letters/<id>` shows one.

import type { ScreenProps } from "../shell/route";
import { ScreenTitle } from "../ui";
import { Detail } from "./detail";
import { List } from "./list";
import "./style.css";

export function Screen({ arg }: ScreenProps) {
  return (
    <>
      <ScreenTitle name="Letters" question="What failed, why, may I try again?" />
      {arg === null ? <List /> : <Detail key={arg} id={arg} />}
    </>
  );
}
