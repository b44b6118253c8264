import { Button, Dialog } from "../ui";
import { help_open } from "./view";

const KEYS: [string[], string][] = [
  [["/"], "Search for an order by its number"],
  [["g", "f"], "Flow"],
  [["g", "t"], "Trace"],
  [["g", "l"], "Letters"],
  [["g", "p"], "Partitions"],
  [["g", "r"], "Redis"],
  [["g", "a"], "Alerts"],
  [["g", "o"], "Actions (what operators did)"],
  [["t"], "Charts as tables, and back"],
  [["Space"], "Pause: what is shown stands still, and goes on"],
  [["?"], "This help"],
  [["Esc"], "Close a dialog"],
];

export function Help() {
  if (!help_open.value) return null;
  const close = () => {
    help_open.value = false;
  };
  return (
    <Dialog
      title="Keys"
      onClose={close}
      buttons={
        <Button kind="main" onClick={close} autofocus>
          Close
        </Button>
      }
    >
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
