import type { ScreenProps } from "../shell/route";

export function Screen(_: ScreenProps) {
  return <h1>Alerts</h1>;
}
