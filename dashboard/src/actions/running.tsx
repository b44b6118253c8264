// What runs now, with the way to its dialog: who has closed it, or came from another browser, finds it again here.

import { Badge, Button } from "../ui";
import { open_action } from "./dialog_state";
import { is_over } from "./machine";
import { actions_now } from "./now";
import { name_of, of_state } from "./words";

export function Running() {
  const running = actions_now.value.filter((action) => !is_over(action));
  if (running.length === 0) return null;
  return (
    <ul class="running" aria-label="Actions that run now">
      {running.map((action) => (
        <li key={action.id} class="note">
          <Badge tone={of_state(action.state).tone}>{of_state(action.state).word}</Badge>{" "}
          <span class="running-what">
            {name_of(action.action)} by {action.who}
            {action.progress && `: ${action.progress.text}`}
          </span>{" "}
          <Button
            label={`Watch ${name_of(action.action)} by ${action.who}`}
            onClick={() => open_action(action)}
          >
            Watch
          </Button>
        </li>
      ))}
    </ul>
  );
}
