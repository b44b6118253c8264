// The keys. Pure: a key and where the focus is in, what to do out.

import type { ScreenName } from "./route";

export type Pressed = {
  key: string;
  /** Ctrl, Alt or Meta is held: the key belongs to the browser. */
  modified: boolean;
  /** The focus is in a field: letters are text. */
  in_field: boolean;
  /** The focus is on something that space activates. */
  on_control: boolean;
  /** A dialog is open: its keys are its own. */
  in_dialog: boolean;
  /** `g` was pressed just before. */
  after_g: boolean;
};

export type Deed =
  | { do: "search" | "help" | "pause" | "tables" | "wait_for_letter" }
  | { do: "go"; screen: ScreenName };

export const LETTERS: Record<string, ScreenName> = {
  f: "flow",
  t: "trace",
  l: "letters",
  p: "partitions",
  r: "redis",
  a: "alerts",
  o: "actions",
};

export function deed_of(pressed: Pressed): Deed | null {
  if (pressed.modified || pressed.in_field || pressed.in_dialog) return null;
  const screen = pressed.after_g ? LETTERS[pressed.key] : undefined;
  if (screen) return { do: "go", screen };
  switch (pressed.key) {
    case "/":
      return { do: "search" };
    case "?":
      return { do: "help" };
    case "g":
      return { do: "wait_for_letter" };
    case "t":
      return { do: "tables" };
    case " ":
      return pressed.on_control ? null : { do: "pause" };
    default:
      return null;
  }
}
